// SPDX-License-Identifier: MIT
#include "check.h"

#include "base/mpsc.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

TEST(mpsc, an_empty_one_gives_nothing)
{
    struct mpsc queue;

    mpsc_init(&queue);
    CHECK_PTR(mpsc_take(&queue), NULL);
    CHECK_PTR(mpsc_take(&queue), NULL);
}

TEST(mpsc, nodes_come_in_the_order_of_pushing)
{
    struct mpsc queue;
    struct mpsc_node a, b, c;

    mpsc_init(&queue);
    mpsc_push(&queue, &a);
    mpsc_push(&queue, &b);
    mpsc_push(&queue, &c);
    CHECK_PTR(mpsc_take(&queue), &a);
    CHECK_PTR(mpsc_take(&queue), &b);
    CHECK_PTR(mpsc_take(&queue), &c);
    CHECK_PTR(mpsc_take(&queue), NULL);
}

TEST(mpsc, a_node_that_was_taken_can_be_pushed_again)
{
    struct mpsc queue;
    struct mpsc_node a, b;

    mpsc_init(&queue);
    mpsc_push(&queue, &a);
    for (int i = 0; i < 100; i++) {
        mpsc_push(&queue, &b);
        CHECK_PTR(mpsc_take(&queue), &a);
        mpsc_push(&queue, &a);
        CHECK_PTR(mpsc_take(&queue), &b);
    }
    CHECK_PTR(mpsc_take(&queue), &a);
    CHECK_PTR(mpsc_take(&queue), NULL);
}

/* The two halves of a push, to stop a producer between them. */
static struct mpsc_node *push_begin(struct mpsc *queue, struct mpsc_node *node)
{
    atomic_store(&node->next, NULL);
    return atomic_exchange(&queue->newest, node);
}

static void push_end(struct mpsc_node *before, struct mpsc_node *node)
{
    atomic_store(&before->next, node);
}

TEST(mpsc, a_first_push_that_is_under_way_is_not_seen_yet)
{
    struct mpsc queue;
    struct mpsc_node a;

    mpsc_init(&queue);
    struct mpsc_node *before = push_begin(&queue, &a);
    CHECK_PTR(mpsc_take(&queue), NULL);
    push_end(before, &a);
    CHECK_PTR(mpsc_take(&queue), &a);
    CHECK_PTR(mpsc_take(&queue), NULL);
}

TEST(mpsc, the_last_node_waits_for_a_push_that_is_under_way)
{
    struct mpsc queue;
    struct mpsc_node a, b, c;

    mpsc_init(&queue);
    mpsc_push(&queue, &a);
    struct mpsc_node *before = push_begin(&queue, &b);
    mpsc_push(&queue, &c); /* another producer, behind the gap */
    CHECK_PTR(mpsc_take(&queue), NULL);
    CHECK_PTR(mpsc_take(&queue), NULL);
    push_end(before, &b);
    CHECK_PTR(mpsc_take(&queue), &a);
    CHECK_PTR(mpsc_take(&queue), &b);
    CHECK_PTR(mpsc_take(&queue), &c);
    CHECK_PTR(mpsc_take(&queue), NULL);
}

TEST(mpsc, what_stands_before_a_gap_is_taken)
{
    struct mpsc queue;
    struct mpsc_node a, b, c;

    mpsc_init(&queue);
    mpsc_push(&queue, &a);
    mpsc_push(&queue, &b);
    struct mpsc_node *before = push_begin(&queue, &c);
    CHECK_PTR(mpsc_take(&queue), &a);
    CHECK_PTR(mpsc_take(&queue), NULL);
    push_end(before, &c);
    CHECK_PTR(mpsc_take(&queue), &b);
    CHECK_PTR(mpsc_take(&queue), &c);
}

/* ---- several producers -------------------------------------------------------------------- */

enum { PRODUCERS = 4, EACH = 10000, BATCH = 50 };

struct letter {
    struct mpsc_node node;
    int producer, number; /* plain: the queue's order of memory must carry them */
};

struct mail {
    struct mpsc queue;
    sem_t start, pushed;
};

struct producer {
    struct mail *mail;
    struct letter *letters;
    int name;
};

/* Wakes the taker now and then: between two wake-ups only the queue itself keeps order. */
static void *produce(void *argument)
{
    struct producer *self = argument;

    sem_wait(&self->mail->start);
    for (int i = 0; i < EACH; i++) {
        self->letters[i].producer = self->name;
        self->letters[i].number = i;
        mpsc_push(&self->mail->queue, &self->letters[i].node);
        if (i % BATCH == BATCH - 1)
            sem_post(&self->mail->pushed);
    }
    return NULL;
}

/* Each wake-up comes after a push: so takes all that is to be seen, as a loop's inbox does. */
static void consume(struct mail *mail, int wakeups, int next[PRODUCERS])
{
    struct mpsc_node *node;

    for (int i = 0; i < wakeups; i++) {
        sem_wait(&mail->pushed);
        while ((node = mpsc_take(&mail->queue))) {
            struct letter *letter = container_of(node, struct letter, node);
            CHECK_EQ(letter->number, next[letter->producer]);
            next[letter->producer] = letter->number + 1;
        }
    }
}

TEST(mpsc, producers_lose_nothing_and_each_ones_order_holds)
{
    struct mail mail;
    pthread_t threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    struct letter *letters = calloc((size_t)PRODUCERS * EACH, sizeof(*letters));
    int next[PRODUCERS] = {0};
    int started = 0;

    if (!CHECK(letters))
        return;
    mpsc_init(&mail.queue);
    sem_init(&mail.start, 0, 0);
    sem_init(&mail.pushed, 0, 0);
    for (; started < PRODUCERS; started++) {
        producers[started] = (struct producer){&mail, letters + started * EACH, started};
        if (!CHECK_EQ(pthread_create(&threads[started], NULL, produce, &producers[started]), 0))
            break;
    }
    for (int i = 0; i < started; i++)
        sem_post(&mail.start);
    consume(&mail, started * EACH / BATCH, next);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQ(next[i], EACH);
    }
    CHECK_PTR(mpsc_take(&mail.queue), NULL);
    sem_destroy(&mail.pushed);
    sem_destroy(&mail.start);
    free(letters);
}
