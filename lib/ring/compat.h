// SPDX-License-Identifier: MIT
/* What newer kernels have and Debian 12's headers (Linux 6.1, liburing 2.3) do not name. */
#ifndef RING_COMPAT_H
#define RING_COMPAT_H

#include <liburing.h>
#include <sys/uio.h>

#ifndef IORING_FEAT_NO_IOWAIT
#define IORING_FEAT_NO_IOWAIT (1U << 17) /* 6.15 */
#endif
#ifndef IORING_ENTER_NO_IOWAIT
#define IORING_ENTER_NO_IOWAIT (1U << 7) /* 6.15 */
#endif

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100 /* 6.18 */
#endif

_Static_assert(sizeof(struct io_uring_sqe) == 64, "the kernel's");
_Static_assert(sizeof(struct io_uring_cqe) == 16, "the kernel's");

#endif
