# SPDX-License-Identifier: MIT
"""What is measured, in the order in which it is shown: groups of primitives, in words."""

GROUPS = [
    ("Switching", "From one to the other, and nothing else.", [
        ("yield", "yield", "Two take turns; one switch."),
        ("switch_same_site", "switch, same place",
         "The bare switch of contexts: two that switch at one place."),
        ("switch_four_deep", "switch, four frames deep",
         "The same, four calls down, and back through them."),
        ("switch_six_bodies", "switch, six bodies",
         "Six different bodies at different depths, in turn: what programs do."),
        ("generator", "generator", "One resume with its yield."),
        ("generator_six_flat", "generators, six bodies", "Six different generators in turn."),
        ("generator_six_deep", "generators, six depths",
         "The same, each yielding at a depth of its own."),
        ("generator_yield_from_1", "delegation", "A resume through one generator to another."),
        ("generator_yield_from_1000", "delegation, 1000 levels", "A resume through a thousand."),
        ("generator_create", "generator's life", "From its creation over one yield to its end."),
    ]),
    ("Tasks", "Begun, awaited, cancelled.", [
        ("create_await", "create and await", "One, from its creation to its result."),
        ("gather_1000", "gather of 1000", "A thousand at once; per task."),
        ("cancel_unwind", "cancel and unwind",
         "One that waits with something to clean up, cancelled and awaited."),
        ("callback", "callback", "A function that is called later."),
    ]),
    ("Waiting for each other", "Two of them on one core.", [
        ("lock", "lock", "Acquired and released, contested by nobody."),
        ("event", "event", "Two set an event for each other; one round trip."),
        ("queue_pingpong", "queue", "An item goes through two queues; one round trip."),
        ("channel", "channel",
         "A value is handed over and back without room between; one round trip."),
        ("wake", "wake from a thread",
         "Another thread has something called in a sleeping loop, and waits until it was; one "
         "round trip on one core."),
        ("wake_latency", "wake, two cores",
         "From the call in one thread until the other one runs."),
    ]),
    ("Time", "Timers and sleeps.", [
        ("timer_arm_cancel_1M", "arm and cancel a timer",
         "At a random deadline beside a million others."),
        ("timer_arm_cancel_1M_later", "timer, 64 later",
         "The same, and the one that was armed 64 before is cancelled."),
        ("timer_arm_cancel_1M_any", "timer, any", "The same, and any of the million is cancelled."),
        ("timeout_scope", "timeout", "A limit of time is set, and taken away in time."),
        ("sleep", "sleep", "How much later than asked a sleep of 1 ms ends."),
    ]),
    ("Very many", "Asleep at once, all of them on one core.", [
        ("sleep_100k_cold", "100,000 asleep, new",
         "For 0.2 s, from the first one's creation to the last one's end, on memory that was "
         "never used."),
        ("sleep_100k_warm", "100,000 asleep, again", "The same on memory that was used before."),
        ("million_asleep", "a million asleep", "For 3 s, for the first time."),
    ]),
    ("The kernel", "What goes through it; the floor is the same by hand, with nothing above.", [
        ("nop_1", "ring, one at a time", "An operation of io_uring that does nothing."),
        ("nop_64", "ring, 64 at a time", "The same by 64 tasks; per operation."),
        ("cancel_recv", "cancel a receive", "A receive that waits in the kernel, cancelled."),
        ("close_0", "close", "A descriptor, duplicated and closed."),
        ("close_10000", "close beside 10,000", "The same beside 10,000 receives that wait."),
        ("file", "file", "4 KiB of a file that is in memory."),
        ("file_direct_64", "disk, 64 at a time",
         "4 KiB at random places of a file, past the kernel's memory, 64 reads at once; per read, "
         "on the wall."),
        ("socket", "socket", "64 bytes there and back through a pair of sockets."),
    ]),
    ("Programs", "What a user would run.", [
        ("crawl_100", "100 pages", "Fetched at once over HTTP from a server that takes 0.2 s for "
         "each; the floor is a bare loop of libcurl's."),
        ("crawl_100_asleep", "100 pages, asleep", "The same, but each only sleeps for its 0.2 s."),
        ("echo_64", "echo, 64 connections",
         "What the server takes of the processor for a message of 64 bytes, on a core of its own."),
        ("echo_1000", "echo, 1000 connections", "The same at 1000."),
        ("http_64", "HTTP, 64 connections",
         "What a server of static files takes of the processor for a file of 612 bytes."),
    ]),
]

ORDER = [name for _, _, primitives in GROUPS for name, _, _ in primitives]
LABELS = {name: label for _, _, primitives in GROUPS for name, label, _ in primitives}

CONTESTANTS = {  # in the order of columns
    "coil": "coil", "ucontext": "coil on ucontext", "thread": "threads",
    "floor": "floor, by hand",
    "libuv": "libuv", "boost": "Boost", "go": "Go", "uvloop": "uvloop", "asyncio": "asyncio",
    "gevent": "gevent",
}
OTHERS = {  # forms that are no contestants
    "swapcontext": "swapcontext", "ret": "call and ret", "jmp": "call, pop and jmp",
    "by_hand": "state machine", "eventfd": "eventfd", "msg_ring": "MSG_RING",
    "msg_ring_sync": "MSG_RING, no ring", "fio": "fio", "nginx": "nginx",
    "nginx-copies": "nginx, no sendfile", "streams": "coil's streams", "epoll": "epoll, by hand",
    "uvloop-streams": "uvloop streams", "asyncio-streams": "asyncio streams",
}


def label(primitive):
    return LABELS.get(primitive, primitive.replace("_", " "))


def name(variant):
    return CONTESTANTS.get(variant) or OTHERS.get(variant) or variant


def place(primitive):
    return ORDER.index(primitive) if primitive in ORDER else len(ORDER)
