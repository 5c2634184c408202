// SPDX-License-Identifier: MIT

// Go's goroutines in the benchmarks of perf/bench: "bench --list" says which there are, "bench NAME
// SECONDS" runs one for about so long and prints what an item of it took as a line of JSON. What an
// item is stands in perf/bench/, in the file of the primitive.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type clock int

const (
	cpu  clock = iota // of the whole process
	wall              // on the wall
	once              // the wall, in ms; one item is the whole, done once
)

// bench is one run: so many items are to be done between begin and end.
type bench struct {
	items      int
	cpu, wall  time.Duration
	beganWall  time.Time
	beganCPU   time.Duration
	subtracted time.Duration
	counters   map[string]float64
}

type row struct {
	name  string
	clock clock
	run   func(*bench)
}

func processTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (b *bench) begin() {
	b.beganCPU = processTime()
	b.beganWall = time.Now()
}

func (b *bench) end() {
	b.wall += time.Since(b.beganWall)
	b.cpu += processTime() - b.beganCPU
}

// residentKiB is what VmRSS says.
func residentKiB() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmRSS:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			return kib
		}
	}
	return 0
}

func (r row) measure(items int) *bench {
	b := &bench{items: items, counters: map[string]float64{}}
	r.run(b)
	return b
}

func (r row) taken(b *bench) time.Duration {
	if r.clock == cpu {
		return b.cpu
	}
	return b.wall
}

// fill runs a row with ever more items until it takes as long as it should.
func (r row) fill(limit time.Duration) *bench {
	for items := 1; ; {
		b := r.measure(items)
		if r.clock == once || b.wall >= limit || items >= 1e9 {
			return b
		}
		factor := 10.0
		if b.wall > limit/100 {
			factor = 1.2 * float64(limit) / float64(b.wall)
		}
		items = int(float64(items)*factor) + 1
	}
}

func (r row) print(b *bench) {
	unit, divisor, by := "ns", 1.0, "cpu"
	if r.clock != cpu {
		by = "wall"
	}
	if r.clock == once {
		unit, divisor = "ms", 1e6
	}
	items := float64(b.items)
	if r.clock == cpu {
		b.counters["wall_ns"] = float64(b.wall) / items
	} else {
		b.counters["cpu_ns"] = float64(b.cpu) / items
	}
	value := float64(r.taken(b)-b.subtracted) / items / divisor
	json.NewEncoder(os.Stdout).Encode(map[string]any{"name": r.name, "unit": unit, "clock": by,
		"value": value, "counters": b.counters})
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--list" {
		for _, r := range rows {
			fmt.Println(r.name)
		}
		return
	}
	if len(os.Args) == 3 {
		seconds, err := strconv.ParseFloat(os.Args[2], 64)
		for _, r := range rows {
			if err == nil && r.name == os.Args[1] {
				r.print(r.fill(time.Duration(seconds * 1e9)))
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, "bench: --list | NAME SECONDS")
	os.Exit(2)
}
