// SPDX-License-Identifier: MIT
#include "tls/stream.h"

#include <errno.h>

enum {
    /* So much is moved at once: it lies on the stacks of tasks, which are small. */
    CHUNK = 4096,
    /* So much may wait to be sent that nobody but the peer has asked for: refusals to renegotiate.
     * One who asks for ever and reads nothing would have our memory. */
    UNASKED_MAX = 16 * 1024
};

/* ---- moving bytes --------------------------------------------------------------------------- */

static void go(struct tls_stream *tls, int code)
{
    if (tls->state == TLS_SHAKING) {
        tls->code = code ? code : -COIL_ECLOSED;
        (void)coil_event_set(&tls->shaken);
    }
    tls->state = TLS_GONE;
}

/* The peer has had its time: it has not taken or not said what was to be. */
static int give_up(void *argument)
{
    struct tls_stream *tls = argument;

    go(tls, -ETIMEDOUT);
    (void)coil_layer_fail(tls->stream, -ETIMEDOUT);
    return coil_stream_abort(tls->stream);
}

/* From now on the stream has so much time to end. Without memory for that it has as much as its
 * peer lets it have. */
static int limit_end(struct tls_stream *tls)
{
    if (!tls->limited)
        tls->deadline = coil_call_later(tls->loop, tls->shutdown_timeout, give_up, tls);
    int rc = coil_handle_error(tls->deadline);
    tls->limited |= rc == 0;
    return rc;
}

/* What the session has to say goes out, whatever else there is. */
static int emit(struct tls_stream *tls)
{
    char raw[CHUNK];
    size_t n;

    while ((n = tls_session_take(&tls->session, raw, sizeof(raw))) > 0) {
        int rc = coil_layer_emit(tls->stream, raw, n);
        if (rc < 0)
            return rc; /* a record is missing: nothing that follows could be read */
    }
    return 0;
}

static int deliver(struct tls_stream *tls)
{
    char plain[CHUNK];
    ssize_t n;

    while ((n = tls_session_read(&tls->session, plain, sizeof(plain))) > 0) {
        int rc = tls->state == TLS_OPEN ? coil_layer_deliver(tls->stream, plain, (size_t)n) : 0;
        if (rc < 0)
            return rc;
    }
    if (n < 0)
        return n == -EAGAIN ? 0 : (int)n;
    const bool first = !tls->ended && tls->state == TLS_OPEN;
    tls->ended = true;
    return first ? coil_layer_deliver(tls->stream, NULL, 0) : 0;
}

/* As far as the bytes that are there allow. */
static int advance(struct tls_stream *tls)
{
    if (tls->state == TLS_SHAKING) {
        int rc = tls_session_handshake(&tls->session);
        if (rc < 0)
            return rc == -EAGAIN ? 0 : rc;
        tls->state = TLS_OPEN;
        (void)coil_event_set(&tls->shaken);
    }
    return deliver(tls);
}

/* After each step: what there is to say is said, also after an error. */
static int settle(struct tls_stream *tls, int rc)
{
    int emitted = emit(tls);

    if (rc == 0)
        rc = emitted;
    if (rc == 0 && tls->state == TLS_CLOSING && tls->ended) {
        go(tls, 0);
        (void)coil_layer_closed(tls->stream);
    }
    if (rc < 0) {
        go(tls, rc);
        (void)coil_layer_fail(tls->stream, rc);
        (void)limit_end(tls);
    }
    return rc;
}

void tls_stream_begin(struct tls_stream *tls)
{
    if (tls->state == TLS_SHAKING)
        (void)settle(tls, advance(tls));
}

/* ---- the layer ------------------------------------------------------------------------------ */

/* After its end the peer has nothing to say that could be read. */
static bool listens(const struct tls_stream *tls)
{
    return tls->state != TLS_GONE && !tls->ended;
}

static int feed(struct tls_stream *tls, const char *raw, size_t size)
{
    while (size && listens(tls)) {
        ssize_t fed = tls_session_feed(&tls->session, raw, size);
        int rc = fed > 0 ? advance(tls) : fed < 0 ? (int)fed : -COIL_ETLS;
        rc = settle(tls, rc);
        if (rc < 0)
            return rc;
        raw += fed;
        size -= (size_t)fed;
    }
    return 0;
}

/* How much waits to be sent by the session's own will, since the last time that nothing did. */
static int count_unasked(struct tls_stream *tls, size_t before)
{
    const size_t unsent = coil_stream_write_buffer_size(tls->stream);

    tls->unasked = unsent - before + (before ? tls->unasked : 0);
    if (tls->state == TLS_SHAKING || tls->state == TLS_GONE || tls->unasked <= UNASKED_MAX)
        return 0;
    return settle(tls, -COIL_ETLS);
}

static int received(void *layer, const void *raw, size_t size)
{
    struct tls_stream *tls = layer;
    const size_t before = coil_stream_write_buffer_size(tls->stream);

    if (!listens(tls))
        return 0;
    if (!size) {
        tls_session_feed_end(&tls->session);
        return settle(tls, advance(tls));
    }
    int rc = feed(tls, raw, size);
    tls_session_rest(&tls->session);
    return rc < 0 ? rc : count_unasked(tls, before);
}

/* The session's memory takes it all; what it cannot take is the end of the session. */
static int write_plain(void *layer, const void *data, size_t size)
{
    struct tls_stream *tls = layer;
    const char *plain = data;

    if (tls->state != TLS_OPEN)
        return tls->state == TLS_SHAKING ? -COIL_EINVALSTATE : -COIL_ECLOSED;
    while (size) {
        ssize_t written = tls_session_write(&tls->session, plain, size);
        int rc = settle(tls, written < 0 ? (int)written : 0);
        if (rc < 0)
            return rc;
        plain += written;
        size -= (size_t)written;
    }
    tls_session_rest(&tls->session);
    return 0;
}

static int close_it(void *layer)
{
    struct tls_stream *tls = layer;

    if (tls->state != TLS_OPEN) {
        go(tls, 0);
        return 0;
    }
    tls->state = TLS_CLOSING;
    int rc = tls_session_end(&tls->session);
    if (rc == 0)
        rc = emit(tls);
    if (rc < 0 || tls->ended) {
        go(tls, rc);
        return rc;
    }
    if (limit_end(tls) < 0) {
        go(tls, 0);
        return 0; /* it has been announced: the peer can tell */
    }
    return 1;
}

static void lost(void *layer, int code)
{
    struct tls_stream *tls = layer;

    go(tls, code);
    if (tls->limited)
        (void)coil_handle_cancel(tls->loop, tls->deadline);
}

static void free_it(void *layer)
{
    tls_stream_free(layer);
}

static const coil_layer_class tls_class = {
    .size = sizeof(tls_class),
    .received = received,
    .written = write_plain,
    .close = close_it,
    .lost = lost,
    .free = free_it,
};

/* ---- beginning and end ---------------------------------------------------------------------- */

struct tls_stream *tls_stream_new(coil_stream *stream, coil_tls_context *context,
                                  const char *hostname, coil_time shutdown_timeout)
{
    struct tls_stream *tls = coil_alloc(sizeof(*tls));

    if (coil_is_err(tls))
        return tls;
    *tls = (struct tls_stream){
        .stream = stream,
        .shaken = COIL_EVENT_INIT,
        .shutdown_timeout = shutdown_timeout,
        .loop = coil_get_running_loop(),
    };
    int rc = tls_session_init(&tls->session, context->ssl, context->server, hostname);
    if (rc < 0) {
        coil_free(tls);
        return COIL_ERR(rc);
    }
    tls->context = coil_tls_context_ref(context);
    return tls;
}

int tls_stream_set(struct tls_stream *tls)
{
    return coil_stream_set_layer(tls->stream, &tls_class, tls);
}

void tls_stream_free(struct tls_stream *tls)
{
    tls_session_fini(&tls->session);
    coil_tls_context_unref(tls->context);
    coil_free(tls);
}

struct tls_stream *tls_stream_of(const coil_stream *stream)
{
    struct tls_stream *tls = coil_stream_layer(stream, &tls_class);

    return coil_err(tls) == -ENOENT ? COIL_ERR(-ENOTCONN) : tls;
}
