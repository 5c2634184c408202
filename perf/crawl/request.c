// SPDX-License-Identifier: MIT
#include "request.h"

#ifdef WITH_LLHTTP

static int pause_here(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {.on_message_complete = pause_here};

void request_init(request_parser *parser)
{
    llhttp_init(parser, HTTP_REQUEST, &settings);
}

enum request_state request_read(request_parser *parser, const char *data, size_t length,
                                size_t *used)
{
    switch (llhttp_execute(parser, data, length)) {
    case HPE_OK:
        *used = length;
        return REQUEST_PARTIAL;
    case HPE_PAUSED:
        *used = (size_t)(llhttp_get_error_pos(parser) - data);
        llhttp_resume(parser);
        return llhttp_should_keep_alive(parser) ? REQUEST_KEEP : REQUEST_LAST;
    default:
        return REQUEST_MALFORMED;
    }
}

#else

static int pause_here(http_parser *parser)
{
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {.on_message_complete = pause_here};

void request_init(request_parser *parser)
{
    http_parser_init(parser, HTTP_REQUEST);
}

enum request_state request_read(request_parser *parser, const char *data, size_t length,
                                size_t *used)
{
    *used = http_parser_execute(parser, &settings, data, length);
    switch (HTTP_PARSER_ERRNO(parser)) {
    case HPE_OK:
        return parser->upgrade ? REQUEST_MALFORMED : REQUEST_PARTIAL;
    case HPE_PAUSED:
        http_parser_pause(parser, 0);
        return http_should_keep_alive(parser) ? REQUEST_KEEP : REQUEST_LAST;
    default:
        return REQUEST_MALFORMED;
    }
}

#endif
