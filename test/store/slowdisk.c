/* Preloaded, makes every write and sync of a file below $SLOW_DISK wait as long as the file $SLOW_DISK.gate exists. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void wait_for_disk(int fd) {
  const char *directory = getenv("SLOW_DISK");
  char link[64], path[4096], gate[4096];
  if (directory == NULL) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0 || strncmp(path, directory, strlen(directory)) != 0) return;
  snprintf(gate, sizeof gate, "%s.gate", directory);
  while (access(gate, F_OK) == 0) usleep(1000);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  wait_for_disk(fd);
  return REAL(pwrite)(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  wait_for_disk(fd);
  return REAL(pwrite64)(fd, data, size, at);
}

int fsync(int fd) {
  wait_for_disk(fd);
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  wait_for_disk(fd);
  return REAL(fdatasync)(fd);
}
