// SPDX-License-Identifier: MIT
/* The server that comes with the program: a process of its own, on coil. */
#ifndef CRAWL_SERVER_H
#define CRAWL_SERVER_H

#include <netinet/in.h>
#include <sys/types.h>

struct server {
    pid_t process;
    in_port_t port; /* on 127.0.0.1 */
};

/* Starts one that sends each page `latency` seconds after it has read the request; 0 or -errno. */
int server_start(struct server *server, double latency);

/* Ends it and waits for its end. */
void server_stop(struct server *server);

#endif
