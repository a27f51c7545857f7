/*
 * The least that a program in the daemon's place can do; what it is compared with in the same run.
 *
 *   yardstick recv            takes away every datagram of the link group and looks at none
 *   yardstick drain BYTES     does so for each line of stdin, from a queue of that many bytes, until it is empty; prints
 *                             `drained DATAGRAMS NANOSECONDS`
 *   yardstick serial SOCKET   for each message what the C++ portsyncd does, and nothing else: peek, receive, HGETALL of the
 *                             row in APPL_DB, HSET of the row in STATE_DB (DEL when the link is gone), one round trip each.
 *                             No start, no log, no retry: what it loses it does not read again.
 *
 * Prints `ready` when it hears the kernel, and `overrun` each time that the kernel says that messages were lost.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { APPL_DB = 0, STATE_DB = 6, RECEIVE_BUFFER = 16777216 };

static void die(const char *what) {
  perror(what);
  exit(71);
}

static void say(const char *word) {
  puts(word);
  fflush(stdout);
}

/* ---- rtnetlink */

static int open_group(int flags, int option, int buffer) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);
  if (fd < 0) die("socket");
  if (setsockopt(fd, SOL_SOCKET, option, &buffer, sizeof buffer) < 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  return fd;
}

/* The length of the next datagram; 0 when there is none now. */
static ssize_t take(int fd, void *buffer, size_t size) {
  for (;;) {
    ssize_t length = recv(fd, buffer, size, 0);
    if (length >= 0) return length;
    if (errno == EAGAIN) return 0;
    if (errno == ENOBUFS) say("overrun");
    else if (errno != EINTR) die("recv");
  }
}

static _Alignas(struct nlmsghdr) char datagram[65536];

static void receive_only(void) {
  int fd = open_group(0, SO_RCVBUFFORCE, RECEIVE_BUFFER);
  say("ready");
  for (;;) take(fd, datagram, sizeof datagram);
}

static void drain(int bytes) {
  int fd = open_group(SOCK_NONBLOCK, SO_RCVBUFFORCE, bytes);
  char line[16];
  say("ready");
  while (fgets(line, sizeof line, stdin)) {
    struct timespec start, end;
    long datagrams = 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (take(fd, datagram, sizeof datagram) > 0) datagrams++;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("drained %ld %ld\n", datagrams,
           (end.tv_sec - start.tv_sec) * 1000000000L + (end.tv_nsec - start.tv_nsec));
    fflush(stdout);
  }
}

/* ---- Redis */

struct connection {
  int fd;
  size_t at, end;
  char bytes[16384];
};

static char next_byte(struct connection *redis) {
  if (redis->at == redis->end) {
    ssize_t length = read(redis->fd, redis->bytes, sizeof redis->bytes);
    if (length <= 0) die("redis");
    redis->at = 0;
    redis->end = (size_t)length;
  }
  return redis->bytes[redis->at++];
}

/* Reads one reply to its end. Returns its number: the elements of an array, the length of a string, or what it says. */
static long read_reply(struct connection *redis) {
  char line[512];
  size_t length = 0;
  for (char byte; (byte = next_byte(redis)) != '\n';)
    if (length < sizeof line - 1) line[length++] = byte;
  line[length] = 0;
  long number = atol(line + 1);
  if (line[0] == '-') {
    fprintf(stderr, "redis: %s\n", line);
    exit(69);
  }
  if (line[0] == '$' && number >= 0)
    for (long left = number + 2; left > 0; left--) next_byte(redis);
  if (line[0] == '*')
    for (long left = number; left > 0; left--) read_reply(redis);
  return number;
}

/* Sends a command of `words` words and waits for its reply. */
static long call(struct connection *redis, int words, ...) {
  char request[1024];
  int length = snprintf(request, sizeof request, "*%d\r\n", words);
  va_list list;
  va_start(list, words);
  for (int i = 0; i < words; i++) {
    const char *word = va_arg(list, const char *);
    length += snprintf(request + length, sizeof request - (size_t)length, "$%zu\r\n%s\r\n", strlen(word), word);
  }
  va_end(list);
  if (write(redis->fd, request, (size_t)length) != length) die("redis");
  return read_reply(redis);
}

static struct connection *open_redis(const char *path, int database) {
  struct connection *redis = calloc(1, sizeof *redis);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char number[12];
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  redis->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(redis->fd, (struct sockaddr *)&address, sizeof address) < 0) die(path);
  snprintf(number, sizeof number, "%d", database);
  call(redis, 2, "SELECT", number);
  return redis;
}

/* ---- both, one message after the other */

static void publish(struct nlmsghdr *message, struct connection *appl, struct connection *state) {
  if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) return;
  struct ifinfomsg *link = NLMSG_DATA(message);
  int left = (int)IFLA_PAYLOAD(message);
  const char *name = "";
  unsigned mtu = 0;
  for (struct rtattr *attribute = IFLA_RTA(link); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == IFLA_MTU) memcpy(&mtu, RTA_DATA(attribute), sizeof mtu);
    if (attribute->rta_type == IFLA_IFNAME) name = RTA_DATA(attribute);
  }
  if (strncmp(name, "Ethernet", 8) != 0) return;
  char row[64], key[64], number[12];
  snprintf(key, sizeof key, "PORT_TABLE|%.15s", name);
  if (message->nlmsg_type == RTM_DELLINK) {
    call(state, 2, "DEL", key);
    return;
  }
  snprintf(row, sizeof row, "PORT_TABLE:%.15s", name);
  snprintf(number, sizeof number, "%u", mtu);
  if (call(appl, 2, "HGETALL", row) == 0) return;
  call(state, 10, "HSET", key, "state", "ok", "netdev_oper_status", link->ifi_flags & IFF_RUNNING ? "up" : "down",
       "admin_status", link->ifi_flags & IFF_UP ? "up" : "down", "mtu", number);
}

static void serve(const char *path) {
  struct connection *appl = open_redis(path, APPL_DB), *state = open_redis(path, STATE_DB);
  int fd = open_group(SOCK_NONBLOCK, SO_RCVBUF, RECEIVE_BUFFER); /* as libnl asks for it */
  int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  say("ready");
  for (;;) {
    if (epoll_wait(poll, &event, 1, -1) <= 0) continue;
    if (recv(fd, datagram, 0, MSG_PEEK | MSG_TRUNC) < 0 && errno == ENOBUFS) say("overrun");
    ssize_t length = take(fd, datagram, sizeof datagram);
    for (struct nlmsghdr *at = (void *)datagram; NLMSG_OK(at, length); at = NLMSG_NEXT(at, length))
      publish(at, appl, state);
  }
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "recv") == 0) receive_only();
  else if (strcmp(mode, "drain") == 0 && argc > 2) drain(atoi(argv[2]));
  else if (strcmp(mode, "serial") == 0 && argc > 2) serve(argv[2]);
  else fputs("yardstick recv | drain BYTES | serial SOCKET\n", stderr);
  return 64;
}
