// SPDX-License-Identifier: MIT
/*
 * Waiting for children is an operation from Linux 6.7 on. Before, a child is waited for by a
 * descriptor of the process, which is ready to read once it has ended.
 */
#include "io/retry.h"

#include <coil/waitid.h>

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int await_child(int type, uint32_t id, siginfo_t *info, int options)
{
    struct op op;

    op_init(&op, OP_WAITID, -1, NULL);
    op.length = (uint32_t)type;
    op.size = id;
    op.fd2 = options;
    op.address2 = info;
    return io_await(&op, 0);
}

static int ask(int pidfd, siginfo_t *info, int options)
{
    const int before = errno;
    int rc = waitid((idtype_t)P_PIDFD, (id_t)pidfd, info, options | WNOHANG) < 0 ? -errno : 0;

    errno = before;
    return rc;
}

/* Takes a child once it has ended; asks first, since one may wait for the end of any process. */
static int take_child(int pidfd, siginfo_t *info, int options)
{
    int rc = ask(pidfd, info, options | WNOWAIT);

    if (rc == 0)
        rc = io_await_ready(pidfd, POLLIN);
    return rc < 0 ? rc : ask(pidfd, info, options);
}

static int await_by_descriptor(int type, uint32_t id, siginfo_t *info, int options)
{
    const int before = errno;

    /* Such a descriptor tells of the end alone. */
    if (options & (WSTOPPED | WCONTINUED) || !(options & WEXITED))
        return -EOPNOTSUPP;
    if (type == (int)P_PIDFD)
        return take_child((int)id, info, options);
    if (type != (int)P_PID)
        return -EOPNOTSUPP;
    int pidfd = (int)syscall(SYS_pidfd_open, id, 0);
    int rc = pidfd >= 0 ? 0 : errno == ESRCH ? -ECHILD : -errno;
    errno = before;
    if (rc < 0)
        return rc;
    rc = take_child(pidfd, info, options);
    close(pidfd);
    return rc;
}

int coil_waitid(int type, uint32_t id, coil_child *child, int options)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    int rc = io_carries(OP_WAITID) ? await_child(type, id, &info, options)
                                   : await_by_descriptor(type, id, &info, options);
    if (rc == 0 && child)
        *child = (coil_child){
            .pid = (uint32_t)info.si_pid, .code = info.si_code, .status = info.si_status};
    return rc;
}
