// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"math/rand"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

var rows = []row{
	{"yield/go", cpu, yield},
	{"create_await/go", cpu, createAwait},
	{"cancel_unwind/go", cpu, cancelUnwind},
	{"gather_1000/go", cpu, gather},
	{"sleep/go", wall, sleep},
	{"sleep_100k_cold/go", once, sleepCold},
	{"sleep_100k_warm/go", once, sleepWarm},
	{"million_asleep/go", once, millionAsleep},
	{"timer_arm_cancel_1M/go", cpu, func(b *bench) { armCancel(b, 0) }},
	{"timer_arm_cancel_1M_later/go", cpu, func(b *bench) { armCancel(b, later) }},
	{"timer_arm_cancel_1M_any/go", cpu, func(b *bench) { armCancel(b, others) }},
	{"timeout_scope/go", cpu, timeoutScope},
	{"lock/go", cpu, lock},
	{"event/go", cpu, event},
	{"queue_pingpong/go", cpu, func(b *bench) { channels(b, 16) }},
	{"channel/go", cpu, func(b *bench) { channels(b, 0) }},
	{"generator/go", cpu, generator},
	{"file/go", cpu, file},
	{"socket/go", cpu, socket},
	{"wake/go", wall, wake},
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func yield(b *bench) {
	var group sync.WaitGroup
	group.Add(2)
	body := func() {
		for i := 0; i < (b.items+1)/2; i++ {
			runtime.Gosched()
		}
		group.Done()
	}
	b.begin()
	go body()
	go body()
	group.Wait()
	b.end()
}

func createAwait(b *bench) {
	b.begin()
	for i := 0; i < b.items; i++ {
		result := make(chan int, 1)
		go func() { result <- i }()
		<-result
	}
	b.end()
}

func cancelUnwind(b *bench) {
	cleaned := 0
	b.begin()
	for i := 0; i < b.items; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			defer func() {
				cleaned++
				done <- ctx.Err()
			}()
			<-ctx.Done()
		}()
		runtime.Gosched() // now it waits
		cancel()
		<-done
	}
	b.end()
}

func gather(b *bench) {
	const fan = 1000
	results := make([]int, fan)
	b.begin()
	for done := 0; done < b.items; done += fan {
		n := b.items - done
		if n > fan {
			n = fan
		}
		var group sync.WaitGroup
		group.Add(n)
		for i := 0; i < n; i++ {
			go func(i int) {
				results[i] = i
				group.Done()
			}(i)
		}
		group.Wait()
	}
	b.end()
}

// ---- sleeps

func sleep(b *bench) {
	b.begin()
	for i := 0; i < b.items; i++ {
		time.Sleep(time.Millisecond)
	}
	b.end()
	b.subtracted = time.Duration(b.items) * time.Millisecond
}

func manySleeps(n int, duration time.Duration) {
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			time.Sleep(duration)
			group.Done()
		}()
	}
	group.Wait()
}

func sleepCold(b *bench) {
	b.begin()
	manySleeps(100000, 200*time.Millisecond)
	b.end()
}

func sleepWarm(b *bench) {
	manySleeps(100000, time.Millisecond)
	sleepCold(b)
}

func millionAsleep(b *bench) {
	before := residentKiB()
	looked := make(chan float64, 1)
	b.begin()
	go func() {
		time.Sleep(2900 * time.Millisecond)
		looked <- residentKiB()
	}()
	manySleeps(1000000, 3*time.Second)
	b.end()
	b.counters["resident_bytes"] = 1024 * (<-looked - before)
}

// ---- timers

const (
	others = 1000000
	later  = 64
)

func nothing() {}

// timers are all that are armed, made once.
var timers struct {
	all     []*time.Timer
	numbers []int // drawn beforehand: the generator is not what is measured
	drawn   int
}

func draw() int {
	timers.drawn++
	return timers.numbers[timers.drawn%len(timers.numbers)]
}

func arm() *time.Timer {
	return time.AfterFunc(time.Hour+time.Duration(draw()%60000000000), nothing)
}

func million() []*time.Timer {
	if timers.all == nil {
		random := rand.New(rand.NewSource(1))
		timers.numbers = make([]int, 1<<20)
		for i := range timers.numbers {
			timers.numbers[i] = random.Int()
		}
		timers.all = make([]*time.Timer, others+later)
		for i := range timers.all {
			timers.all[i] = arm()
		}
	}
	return timers.all
}

func armCancel(b *bench, distance int) {
	all := million()
	b.begin()
	for i := 0; i < b.items; i++ {
		if distance == 0 {
			arm().Stop()
			continue
		}
		timer := &all[others+i%later]
		if distance == others {
			timer = &all[draw()%others]
		}
		(*timer).Stop()
		*timer = arm()
	}
	b.end()
}

func timeoutScope(b *bench) {
	b.begin()
	for i := 0; i < b.items; i++ {
		_, cancel := context.WithTimeout(context.Background(), time.Second)
		cancel()
	}
	b.end()
}

// ---- waiting for each other

func lock(b *bench) {
	var mutex sync.Mutex
	b.begin()
	for i := 0; i < b.items; i++ {
		mutex.Lock()
		mutex.Unlock()
	}
	b.end()
}

// pingPong has two ask and answer; a question is left by ask and fetched by heard, and so on.
func pingPong(b *bench, ask, heard, answer, answered func()) {
	done := make(chan bool)
	go func() {
		for i := 0; i < b.items; i++ {
			heard()
			answer()
		}
		close(done)
	}()
	b.begin()
	for i := 0; i < b.items; i++ {
		ask()
		answered()
	}
	b.end()
	<-done
}

type flag struct {
	condition *sync.Cond
	set       bool
}

func newFlag() *flag {
	return &flag{condition: sync.NewCond(&sync.Mutex{})}
}

func (f *flag) leave() {
	f.condition.L.Lock()
	f.set = true
	f.condition.Signal()
	f.condition.L.Unlock()
}

func (f *flag) fetch() {
	f.condition.L.Lock()
	for !f.set {
		f.condition.Wait()
	}
	f.set = false
	f.condition.L.Unlock()
}

func event(b *bench) {
	ping, pong := newFlag(), newFlag()
	pingPong(b, ping.leave, ping.fetch, pong.leave, pong.fetch)
}

func channels(b *bench, room int) {
	ping, pong := make(chan *bench, room), make(chan *bench, room)
	pingPong(b, func() { ping <- b }, func() { <-ping }, func() { pong <- b }, func() { <-pong })
}

// generator is a goroutine that sends what it yields: Go 1.19 has nothing nearer.
func generator(b *bench) {
	values, enough := make(chan int), make(chan bool)
	go func() {
		for i := 0; ; i++ {
			select {
			case values <- i:
			case <-enough:
				return
			}
		}
	}()
	b.begin()
	for i := 0; i < b.items; i++ {
		<-values
	}
	b.end()
	close(enough)
}

// ---- the kernel

func file(b *bench) {
	const block, blocks = 4096, 256
	f, err := os.CreateTemp("", "bench-")
	must(err)
	defer f.Close()
	must(os.Remove(f.Name()))
	_, err = f.Write(make([]byte, block*blocks))
	must(err)
	buffer := make([]byte, block)
	b.begin()
	for i := 0; i < b.items; i++ {
		_, err = f.ReadAt(buffer, int64(i%blocks)*block)
		must(err)
	}
	b.end()
}

func socketPair() (net.Conn, net.Conn) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(err)
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "")
		ends[i], err = net.FileConn(f)
		must(err)
		f.Close()
	}
	return ends[0], ends[1]
}

func socket(b *bench) {
	const message = 64
	ours, theirs := socketPair()
	defer ours.Close()
	defer theirs.Close()
	send := func(end net.Conn, buffer []byte) {
		_, err := end.Write(buffer)
		must(err)
	}
	receive := func(end net.Conn, buffer []byte) {
		_, err := io.ReadFull(end, buffer)
		must(err)
	}
	one, other := make([]byte, message), make([]byte, message)
	pingPong(b, func() { send(ours, one) }, func() { receive(theirs, other) },
		func() { send(theirs, other) }, func() { receive(ours, one) })
}

// wake has one side bound to a thread of its own.
func wake(b *bench) {
	questions, answers := make(chan bool), make(chan bool)
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		for range questions {
			answers <- true
		}
		close(done)
	}()
	b.begin()
	for i := 0; i < b.items; i++ {
		questions <- true
		<-answers
	}
	b.end()
	close(questions)
	<-done
}
