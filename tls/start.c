// SPDX-License-Identifier: MIT
/* The handshake, on either side of a connection. */
#include "tls/stream.h"

#include <coil/connection.h>
#include <coil/future.h>
#include <coil/task.h>
#include <coil/timeout.h>

#include <errno.h>
#include <stdio.h>

static const coil_tls_session_options defaults = {.size = sizeof(defaults)};

/* ---- arguments ------------------------------------------------------------------------------ */

static int check(const coil_tls_context *context, const coil_tls_session_options *options)
{
    if (!context)
        return -EINVAL;
    if (coil_is_err(context))
        return coil_err(context);
    if (options->size != sizeof(*options) || options->handshake_timeout < 0 ||
        options->shutdown_timeout < 0 || (options->message_size && !options->message))
        return -EINVAL;
    return 0;
}

/* ---- the handshake -------------------------------------------------------------------------- */

/* The words of an error are the caller's, and the running task's, whose report has them. */
static void explain(const struct tls_stream *tls, const coil_tls_session_options *options, int rc)
{
    const char *words = tls->session.failed == rc ? tls->session.message : coil_strerror(rc);

    if (options->message_size)
        snprintf(options->message, options->message_size, "%s", words);
    if (rc != -ECANCELED)
        (void)coil_raise_at(rc, words, __FILE__, __LINE__);
}

static int shake(struct tls_stream *tls, coil_time patience)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;
    int rc = coil_timeout_enter(&timeout, patience);

    if (rc < 0)
        return rc;
    tls_stream_begin(tls);
    rc = coil_timeout_exit(&timeout, coil_event_wait(&tls->shaken));
    return rc < 0 ? rc : tls->code;
}

/* In a stream that is held. With an error the stream is aborted, unless there is an alert that it
 * sends first, or the argument was wrong. */
static int start(coil_stream *stream, coil_tls_context *context, const char *hostname,
                 const coil_tls_session_options *options)
{
    coil_time shutdown = options->shutdown_timeout;
    coil_time patience = options->handshake_timeout;
    struct tls_stream *tls =
        tls_stream_new(stream, context, hostname, shutdown ? shutdown : COIL_TLS_SHUTDOWN_TIMEOUT);
    int rc = coil_err(tls);

    if (rc == -ENOMEM)
        (void)coil_stream_abort(stream);
    if (rc < 0)
        return rc;
    rc = tls_stream_set(tls);
    if (rc < 0) {
        tls_stream_free(tls);
        return rc;
    }
    rc = shake(tls, patience ? patience : COIL_TLS_HANDSHAKE_TIMEOUT);
    if (rc < 0) {
        explain(tls, options, rc);
        if (tls->state != TLS_GONE)
            (void)coil_stream_abort(stream);
    }
    return rc;
}

static int begin(coil_stream *stream, coil_tls_context *context, const char *hostname,
                 const coil_tls_session_options *options)
{
    if (context->verifies && !hostname)
        return -EINVAL;
    if (!coil_current_task())
        return -COIL_ENOLOOP;
    (void)coil_stream_ref(stream);
    int rc = start(stream, context, hostname, options);
    coil_stream_unref(stream);
    return rc;
}

int coil_start_tls(coil_stream *stream, coil_tls_context *context,
                   const coil_tls_session_options *options)
{
    if (!options)
        options = &defaults;
    int rc = stream ? coil_err(stream) : -EINVAL;
    if (rc == 0)
        rc = check(context, options);
    return rc < 0 ? rc : begin(stream, context, options->server_hostname, options);
}

/* ---- clients and servers -------------------------------------------------------------------- */

coil_stream *coil_open_tls_connection(const char *host, int port, coil_tls_context *context,
                                      const coil_tls_session_options *options,
                                      const coil_connection_options *connection)
{
    if (!options)
        options = &defaults;
    int rc = check(context, options);
    if (rc < 0)
        return COIL_ERR(rc);
    const char *hostname = options->server_hostname ? options->server_hostname : host;
    if (context->server || (context->verifies && !hostname))
        return COIL_ERR(-EINVAL);
    coil_stream *stream = coil_open_connection(host, port, connection);
    if (coil_is_err(stream))
        return stream;
    rc = begin(stream, context, hostname, options);
    if (rc == 0)
        return stream;
    if (!coil_stream_is_closing(stream)) /* nothing of it has begun */
        (void)coil_stream_abort(stream);
    coil_stream_unref(stream);
    return COIL_ERR(rc);
}

void *coil_tls_serve(void *stream)
{
    const coil_tls_service *service = coil_stream_userdata(stream);

    if (!service || coil_is_err(service) || service->size != sizeof(*service) || !service->handler)
        return COIL_ERR(-EINVAL);
    const coil_tls_context *context = service->context;
    if (!context || coil_is_err(context) || !context->server)
        return COIL_ERR(-EINVAL);
    int rc = coil_start_tls(stream, service->context, service->session);
    bool own = rc == -ECANCELED || rc == -EINVAL || rc == -ENOMEM;
    if (own || (rc < 0 && coil_get_debug(coil_get_running_loop())))
        return COIL_ERR(rc);
    if (rc < 0)
        return NULL; /* a stranger's affair */
    rc = coil_stream_set_userdata(stream, service->userdata);
    return rc < 0 ? COIL_ERR(rc) : service->handler(stream);
}
