// SPDX-License-Identifier: MIT

// echo_go: the echo server of Go: a goroutine for each connection, on one processor. TCP_NODELAY is
// Go's default, and its backlog the system's.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
)

const size = 64 * 1024

func serve(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, size)
	for {
		n, err := connection.Read(buffer)
		if n > 0 {
			if _, err := connection.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "echo_go: give it a port, 0 to 65535")
		os.Exit(2)
	}
	port, err := strconv.ParseUint(os.Args[1], 10, 16)
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo_go: give it a port, 0 to 65535")
		os.Exit(2)
	}
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo_go:", err)
		os.Exit(1)
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "echo_go:", err)
			os.Exit(1)
		}
		go serve(connection)
	}
}
