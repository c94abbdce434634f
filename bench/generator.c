/* Load for the benchmark: MQTT 3.1.1 over plain loopback sockets, one thread, a few microseconds a message.
 *
 *   generator publish -p PORT -k things_stack|chirpstack -n COUNT [-r PER_SECOND, 0 = flat out] [-c CONNECTIONS]
 *                     [-w WINDOW per connection] [-d DEVICES] [-s FIRST] [-x PROBE_EVERY]
 *   generator consume -p PORT -n COUNT [-t IDLE_SECONDS]
 *
 * publish: message number s comes from device s modulo DEVICES, its counter is COUNTER + s / DEVICES, its server times
 * are now. With -x every so many messages one comes from the device number DEVICES, the probe, which sends nothing else.
 * consume: a QoS 1 subscription to everything that acknowledges and counts: what the broker can do at all.
 * Both print one line of JSON: what the broker confirmed, or what came.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "messages.h"

enum { BUFFER = 1 << 18 };

struct options {
    int port, connections, window, devices, chirpstack;
    int64_t count, first, probe_every;
    double rate, idle_s;
};
struct connection { int fd, out_from, out_to, in_flight, in_length; uint16_t id; uint8_t *out, in[LONGEST]; };

static void fail(const char *what) { perror(what); exit(1); }

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* ---- MQTT ---- */

static void write_all(int fd, const uint8_t *from, int length) {
    while (length > 0) {
        int n = write(fd, from, length);
        if (n < 0) fail("write");
        from += n;
        length -= n;
    }
}

static int dial(int port, const char *client_id) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (connect(fd, (void *)&to, sizeof to)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    uint8_t packet[256] = {0x10}, *p = packet + 2, answer[4];
    p += put_string(p, "MQTT");
    *p++ = 4; /* version 3.1.1 */
    *p++ = 2; /* a clean session */
    *p++ = 0, *p++ = 0;
    p += put_string(p, client_id);
    packet[1] = p - packet - 2;
    write_all(fd, packet, p - packet);
    for (int n = 0; n < 4;) {
        int k = read(fd, answer + n, 4 - n);
        if (k <= 0) fail("no answer to CONNECT");
        n += k;
    }
    if (answer[0] != 0x20 || answer[3]) fprintf(stderr, "the broker refuses: %d\n", answer[3]), exit(1);
    return fd;
}

/* ---- publish ---- */

static void queue(struct connection *c, struct packet *p) {
    p->bytes[p->id_at] = c->id >> 8;
    p->bytes[p->id_at + 1] = c->id;
    if (!++c->id) c->id = 1;
    memcpy(c->out + c->out_to, p->bytes, p->length);
    c->out_to += p->length;
    c->in_flight++;
}

static void flush(struct connection *c) {
    while (c->out_from < c->out_to) {
        int n = write(c->fd, c->out + c->out_from, c->out_to - c->out_from);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) fail("write");
        c->out_from += n;
    }
    c->out_from = c->out_to = 0;
}

/* Confirmations that have come: a publisher hears nothing but PUBACKs of four bytes. */
static int confirmations(struct connection *c) {
    int n = read(c->fd, c->in + c->in_length, sizeof c->in - c->in_length);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) fprintf(stderr, "lost a connection to the broker\n"), exit(1);
    n += c->in_length;
    c->in_length = n % 4;
    memmove(c->in, c->in + n - c->in_length, c->in_length);
    c->in_flight -= n / 4;
    return n / 4;
}

static struct connection *open_connections(const struct options *o, struct pollfd *polled) {
    struct connection *all = calloc(o->connections, sizeof *all);
    for (int i = 0; i < o->connections; i++) {
        char id[32];
        sprintf(id, "load-%d-%d", getpid(), i);
        all[i].fd = polled[i].fd = dial(o->port, id);
        all[i].out = malloc(BUFFER);
        all[i].id = 1;
        fcntl(all[i].fd, F_SETFL, O_NONBLOCK);
    }
    return all;
}

/* Queue messages up to number `due`, connection by connection, until each is full. */
static int64_t fill(const struct options *o, struct connection *all, struct packet *packets, int64_t sent, int64_t due) {
    static int turn;
    for (int full = 0; sent < due && full < o->connections; turn = (turn + 1) % o->connections) {
        struct connection *c = &all[turn];
        if (c->in_flight >= o->window || c->out_to + LONGEST > BUFFER) { full++; continue; }
        int64_t message = o->first + sent++;
        int probe = o->probe_every && sent % o->probe_every == 0;
        struct packet *p = &packets[probe ? o->devices : message % o->devices];
        number(p, message, probe ? 1 : o->devices);
        queue(c, p);
        full = 0;
    }
    return sent;
}

static int publish(const struct options *o) {
    struct packet *packets = calloc(o->devices + 1, sizeof *packets);
    struct pollfd *polled = calloc(o->connections, sizeof *polled);
    for (int device = 0; device <= o->devices; device++) render(&packets[device], o->chirpstack, device);
    struct connection *all = open_connections(o, polled);
    int64_t sent = 0, confirmed = 0, most_behind = 0, began = now_ns(CLOCK_MONOTONIC);
    double cpu_before = cpu_s();
    while (confirmed < o->count) {
        int64_t due = o->count;
        if (o->rate > 0) due = (now_ns(CLOCK_MONOTONIC) - began) / 1e9 * o->rate + 1;
        if (due > o->count) due = o->count;
        sent = fill(o, all, packets, sent, due);
        if (o->rate > 0 && due - sent > most_behind) most_behind = due - sent;
        for (int i = 0; i < o->connections; i++) {
            flush(&all[i]);
            polled[i].events = POLLIN | (all[i].out_to ? POLLOUT : 0);
        }
        poll(polled, o->connections, o->rate > 0 && sent < o->count ? 1 : 100);
        for (int i = 0; i < o->connections; i++)
            if (polled[i].revents) confirmed += confirmations(&all[i]);
    }
    double seconds = (now_ns(CLOCK_MONOTONIC) - began) / 1e9;
    printf("{\"sent\":%ld,\"confirmed\":%ld,\"seconds\":%.4f,\"cpu_s\":%.4f,\"most_behind\":%ld,\"bytes\":%d}\n", (long)sent,
           (long)confirmed, seconds, cpu_s() - cpu_before, (long)most_behind, packets[0].length - packets[0].id_at - 2);
    return 0;
}

/* ---- consume ---- */

/* Length of the packet at `from` with its header, 0 while it is not all there; `*body`: where its body begins. */
static int packet_length(const uint8_t *in, int from, int end, int *body) {
    unsigned length = 0;
    for (int i = from + 1, shift = 0; i < end && shift < 28; i++, shift += 7) {
        length |= (in[i] & 127u) << shift;
        if (in[i] & 128) continue;
        *body = i + 1;
        return i + 1 + (int)length <= end ? i + 1 + (int)length - from : 0;
    }
    return 0;
}

static void subscribe(int fd) {
    static const uint8_t everything[] = {0x82, 6, 0, 1, 0, 1, '#', 1};
    write_all(fd, everything, sizeof everything);
}

static int consume(const struct options *o) {
    static uint8_t in[BUFFER], acks[BUFFER];
    struct pollfd polled = {dial(o->port, "bare-consumer"), POLLIN, 0};
    int64_t got = 0, first = 0, last = 0;
    int have = 0;
    subscribe(polled.fd);
    while (got < o->count && poll(&polled, 1, got ? o->idle_s * 1000 : 60000) > 0) {
        int n = read(polled.fd, in + have, BUFFER - have), from = 0, ack = 0, length, body = 0;
        if (n <= 0) break;
        have += n;
        for (; (length = packet_length(in, from, have, &body)); from += length) {
            if (in[from] == 0x90) printf("subscribed\n"), fflush(stdout);
            if ((in[from] & 0xf0) != 0x30) continue;
            int id = body + 2 + (in[body] << 8 | in[body + 1]);
            acks[ack++] = 0x40, acks[ack++] = 2, acks[ack++] = in[id], acks[ack++] = in[id + 1];
            last = now_ns(CLOCK_MONOTONIC);
            if (!got++) first = last;
        }
        have -= from;
        memmove(in, in + from, have);
        write_all(polled.fd, acks, ack);
    }
    printf("{\"received\":%ld,\"seconds\":%.4f}\n", (long)got, (last - first) / 1e9);
    return 0;
}

int main(int count, char **words) {
    struct options o = {.connections = 16, .window = 100, .devices = 10000, .count = 1000, .idle_s = 5};
    if (count < 2) return fprintf(stderr, "generator publish|consume -p PORT -n COUNT ...\n"), 2;
    optind = 2;
    for (int option; (option = getopt(count, words, "p:k:n:r:c:w:d:s:x:t:")) != -1;) switch (option) {
        case 'p': o.port = atoi(optarg); break;
        case 'k': o.chirpstack = !strcmp(optarg, "chirpstack"); break;
        case 'n': o.count = atoll(optarg); break;
        case 'r': o.rate = atof(optarg); break;
        case 'c': o.connections = atoi(optarg); break;
        case 'w': o.window = atoi(optarg); break;
        case 'd': o.devices = atoi(optarg); break;
        case 's': o.first = atoll(optarg); break;
        case 'x': o.probe_every = atoll(optarg); break;
        case 't': o.idle_s = atof(optarg); break;
        default: return 2;
    }
    return strcmp(words[1], "consume") ? publish(&o) : consume(&o);
}
