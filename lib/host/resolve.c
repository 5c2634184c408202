// SPDX-License-Identifier: MIT
/*
 * getaddrinfo and getnameinfo as jobs. Each job's cell holds copies of what was asked and, for
 * getnameinfo, the answer: the thread touches nothing of a task's that may be gone.
 */
#include "host/resolve.h"

#include "base/alloc.h"
#include "host/executor.h"
#include "task/task.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

struct resolver coil__resolver = {getaddrinfo, getnameinfo, freeaddrinfo};

/* Of the functions' own negative codes; errno is theirs. */
static int code_of(int failure)
{
    switch (failure) {
    case EAI_SYSTEM:
        return errno ? -errno : -EIO;
    case EAI_MEMORY:
        return -ENOMEM;
    default:
        return failure < 0 ? failure - COIL_EAI : 0;
    }
}

/* ---- addresses of a name -------------------------------------------------------------------- */

struct question {
    const char *node, *service; /* copies, in `text`; or NULL */
    struct addrinfo hints;
    char text[];
};

static char *copy_text(char *to, const char *from, const char **copied)
{
    if (!from)
        return to;
    size_t size = strlen(from) + 1;
    *copied = memcpy(to, from, size);
    return to + size;
}

static struct question *question_new(const char *node, const char *service,
                                     const struct addrinfo *hints)
{
    size_t size = (node ? strlen(node) + 1 : 0) + (service ? strlen(service) + 1 : 0);
    struct question *question = coil__alloc(sizeof(*question) + size);

    if (!question)
        return NULL;
    *question = (struct question){.hints = *hints};
    char *end = copy_text(question->text, node, &question->node);
    (void)copy_text(end, service, &question->service);
    return question;
}

static void *ask(void *arg)
{
    const struct question *question = arg;
    struct addrinfo *list = NULL;
    int rc = code_of(
        coil__resolver.getaddrinfo(question->node, question->service, &question->hints, &list));

    return rc < 0 ? COIL_ERR(rc) : list;
}

static void free_list(void *list)
{
    coil__resolver.freeaddrinfo(list);
}

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

/* Whether nothing is to be looked up. */
static bool is_numeric(const char *node, const char *service, const struct addrinfo *hints)
{
    struct in6_addr address; /* has room for the other one */

    if ((service && !is_number(service)) || !hints->ai_socktype)
        return false;
    if (!node)
        return true;
    if (hints->ai_family != AF_INET6 && inet_pton(AF_INET, node, &address) == 1)
        return true;
    return hints->ai_family != AF_INET && inet_pton(AF_INET6, node, &address) == 1;
}

static int answer_here(const char *node, const char *service, struct addrinfo hints,
                       struct addrinfo **result)
{
    hints.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
    return code_of(getaddrinfo(node, service, &hints, result));
}

int coil_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                     struct addrinfo **result)
{
    /* What getaddrinfo takes no hints for. */
    static const struct addrinfo none = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};

    if (!result || (!node && !service))
        return -EINVAL;
    if (!task_current())
        return -COIL_ENOLOOP;
    if (!hints)
        hints = &none;
    if (is_numeric(node, service, hints))
        return answer_here(node, service, *hints, result);
    struct question *question = question_new(node, service, hints);
    if (!question)
        return -ENOMEM;
    const coil_job_options options = {
        .size = sizeof(options), .free_arg = coil__free, .dispose = free_list};
    void *list;
    int rc = coil_to_thread_with(ask, question, &options, &list);
    if (rc == 0)
        *result = list;
    return rc;
}

/* ---- the name of an address ----------------------------------------------------------------- */

struct naming {
    struct sockaddr_storage address;
    socklen_t length;
    int flags;
    socklen_t host_size, service_size;
};

struct names {
    char host[NI_MAXHOST];
    char service[NI_MAXSERV];
};

static int name(const struct naming *naming, struct names *names)
{
    return code_of(coil__resolver.getnameinfo(
        (const struct sockaddr *)&naming->address, naming->length,
        naming->host_size ? names->host : NULL, naming->host_size,
        naming->service_size ? names->service : NULL, naming->service_size, naming->flags));
}

static void *name_there(void *arg)
{
    struct names *names = coil__alloc(sizeof(*names));

    if (!names)
        return COIL_ERR(-ENOMEM);
    int rc = name(arg, names);
    if (rc == 0)
        return names;
    coil__free(names);
    return COIL_ERR(rc);
}

static int name_by_thread(struct naming *naming, struct names *names)
{
    const coil_job_options options = {
        .size = sizeof(options), .copy_arg = sizeof(*naming), .dispose = coil__free};
    void *found;
    int rc = coil_to_thread_with(name_there, naming, &options, &found);

    if (rc < 0)
        return rc;
    *names = *(struct names *)found;
    coil__free(found);
    return 0;
}

static socklen_t size_within(const char *buffer, size_t size, size_t most)
{
    if (!buffer)
        return 0;
    return (socklen_t)(size < most ? size : most);
}

int coil_getnameinfo(const struct sockaddr *address, socklen_t length, char *host, size_t host_size,
                     char *service, size_t service_size, int flags)
{
    struct naming naming = {
        .length = length,
        .flags = flags,
        .host_size = size_within(host, host_size, NI_MAXHOST),
        .service_size = size_within(service, service_size, NI_MAXSERV),
    };
    struct names names = {"", ""};

    if (!address || length > sizeof(naming.address) || (!naming.host_size && !naming.service_size))
        return -EINVAL;
    if (!task_current())
        return -COIL_ENOLOOP;
    memcpy(&naming.address, address, length);
    bool numeric = (!naming.host_size || flags & NI_NUMERICHOST) &&
                   (!naming.service_size || flags & NI_NUMERICSERV);
    int rc = numeric ? name(&naming, &names) : name_by_thread(&naming, &names);
    if (rc < 0)
        return rc;
    if (naming.host_size)
        memcpy(host, names.host, strlen(names.host) + 1);
    if (naming.service_size)
        memcpy(service, names.service, strlen(names.service) + 1);
    return 0;
}
