// SPDX-License-Identifier: MIT
/* Everything that coil offers. Each header also stands alone. */
#ifndef COIL_COIL_H
#define COIL_COIL_H

#include <coil/base.h>
#include <coil/channel.h>
#include <coil/cleanup.h>
#include <coil/compose.h>
#include <coil/connection.h>
#include <coil/directory.h>
#include <coil/endpoint.h>
#include <coil/exception.h>
#include <coil/executor.h>
#include <coil/features.h>
#include <coil/fiber.h>
#include <coil/file.h>
#include <coil/futex.h>
#include <coil/future.h>
#include <coil/gen.h>
#include <coil/group.h>
#include <coil/inspect.h>
#include <coil/layer.h>
#include <coil/local.h>
#include <coil/loop.h>
#include <coil/path.h>
#include <coil/pipe.h>
#include <coil/poll.h>
#include <coil/process.h>
#include <coil/queue.h>
#include <coil/resolve.h>
#include <coil/scope.h>
#include <coil/sendfile.h>
#include <coil/server.h>
#include <coil/signal.h>
#include <coil/sim.h>
#include <coil/socket.h>
#include <coil/stream.h>
#include <coil/sync.h>
#include <coil/task.h>
#include <coil/thread.h>
#include <coil/timeout.h>
#include <coil/waitid.h>
#include <coil/xattr.h>

#endif
