// SPDX-License-Identifier: MIT
#include "request.h"

#include <string.h>

static int begin(request_parser *parser)
{
    struct request *request = parser->data;

    request->length = 0;
    return 0;
}

static int add_to_target(request_parser *parser, const char *data, size_t length)
{
    struct request *request = parser->data;

    if (length >= sizeof(request->target) - request->length)
        return -1;
    memcpy(request->target + request->length, data, length);
    request->length += length;
    return 0;
}

#ifdef WITH_LLHTTP

static int end(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = begin,
    .on_url = add_to_target,
    .on_message_complete = end,
};

void request_init(struct request *request)
{
    llhttp_init(&request->parser, HTTP_REQUEST, &settings);
    request->parser.data = request;
}

static enum request_state read_some(llhttp_t *parser, const char *data, size_t length, size_t *used)
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

const char *request_method(const struct request *request)
{
    return llhttp_method_name((llhttp_method_t)request->parser.method);
}

#else

static int end(http_parser *parser)
{
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_message_begin = begin,
    .on_url = add_to_target,
    .on_message_complete = end,
};

void request_init(struct request *request)
{
    http_parser_init(&request->parser, HTTP_REQUEST);
    request->parser.data = request;
}

static enum request_state read_some(http_parser *parser, const char *data, size_t length,
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

const char *request_method(const struct request *request)
{
    return http_method_str((enum http_method)request->parser.method);
}

#endif

enum request_state request_read(struct request *request, const char *data, size_t length,
                                size_t *used)
{
    enum request_state state = read_some(&request->parser, data, length, used);

    request->target[request->length] = '\0';
    return state;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c | ('A' <= c && c <= 'F' ? 0x20 : 0)) : NULL;

    return found ? (int)(found - digits) : -1;
}

bool request_path(const struct request *request, char path[REQUEST_PATH_SIZE])
{
    static const char index[] = "index.html";
    const char *from = request->target + strspn(request->target, "/");
    size_t n = 0;

    for (; *from && *from != '?'; from++) {
        int c = (unsigned char)*from;
        if (c == '%') {
            int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);
            if (low < 0)
                return false;
            c = high * 16 + low;
            from += 2;
        }
        if (c == '\0')
            return false;
        path[n++] = (char)c;
    }
    bool folder = n == 0 || path[n - 1] == '/';
    memcpy(path + n, folder ? index : "", folder ? sizeof(index) : 1);
    return true;
}

const char *request_media_type(const char *path)
{
    static const char *const types[][2] = {
        {".css", "text/css"},   {".gif", "image/gif"},      {".html", "text/html"},
        {".jpg", "image/jpeg"}, {".js", "text/javascript"}, {".json", "application/json"},
        {".png", "image/png"},  {".svg", "image/svg+xml"},  {".txt", "text/plain"},
    };
    const char *ending = strrchr(path, '.');

    for (size_t i = 0; ending && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(ending, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}
