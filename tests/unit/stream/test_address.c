// SPDX-License-Identifier: MIT
#include "stream/address.h"

#include "net.h"
#include "world.h"

#include <errno.h>

struct question {
    struct address_name name;
    struct addrinfo hints;
    struct record log;
    int rc;
};

static void *asks(void *argument)
{
    struct question *question = argument;
    struct addrinfo *list;

    question->rc = address_find(&list, &question->name, &question->hints);
    CHECK((question->rc == 0) == (list != NULL));
    for (const struct addrinfo *at = list; at; at = at->ai_next) {
        union net_address address = {.in.sin_port = 0};
        memcpy(&address, at->ai_addr, at->ai_addrlen);
        record(&question->log, "%d:%d", at->ai_family == AF_INET6 ? 6 : 4, net_port_of(&address));
    }
    freeaddrinfo(list);
    return NULL;
}

static struct question ask(struct address_name name, int family)
{
    struct question question = {.name = name,
                                .hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}};
    WORLD(w);
    PASS(world_run(&w, asks, &question));
    return question;
}

TEST(address, is_found_by_a_host_and_a_port)
{
    struct question question = ask((struct address_name){.host = "127.0.0.1", .port = 8080}, 0);
    PASS(question.rc);
    CHECK_STR(question.log.text, "4:8080");
    question = ask((struct address_name){.host = "::1", .port = 65535}, AF_INET6);
    CHECK_STR(question.log.text, "6:65535");
    question = ask((struct address_name){.host = "127.0.0.1", .service = "80"}, AF_INET);
    CHECK_STR(question.log.text, "4:80");
}

TEST(address, has_a_port_that_is_one)
{
    FAILS(ask((struct address_name){.host = "127.0.0.1", .port = 65536}, 0).rc, -EINVAL);
    FAILS(ask((struct address_name){.host = "127.0.0.1", .port = -1}, 0).rc, -EINVAL);
}

TEST(address, equals_another_of_the_same_socket_and_bytes)
{
    struct sockaddr_in here = net_loopback(80).in, there = here;
    struct addrinfo a = {.ai_family = AF_INET,
                         .ai_socktype = SOCK_STREAM,
                         .ai_addr = (struct sockaddr *)&here,
                         .ai_addrlen = sizeof(here)};
    struct addrinfo b = a;
    b.ai_addr = (struct sockaddr *)&there;
    CHECK(address_equal(&a, &b));
    there.sin_port = htons(81);
    CHECK(!address_equal(&a, &b));
    there.sin_port = here.sin_port;
    b.ai_socktype = SOCK_DGRAM;
    CHECK(!address_equal(&a, &b));
}

TEST(address, is_of_sockets_for_streams)
{
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    PASS(address_check_socket(stream, 0));
    PASS(address_check_socket(stream, AF_INET));
    FAILS(address_check_socket(stream, AF_UNIX), -EINVAL);
    FAILS(address_check_socket(datagram, 0), -EINVAL);
    FAILS(address_check_socket(-1, 0), -EBADF);
    close(stream);
    close(datagram);
}
