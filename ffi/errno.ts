/** Error numbers of asm-generic/errno-base.h and asm-generic/errno.h, as x86-64 and arm64 have them. */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
} as const;

const NAMES = new Map<number, string>(Object.entries(errno).map(([name, number]) => [number, name]));

/** The symbol of an error number, such as `ENOBUFS`; `errno N` for one that this project does not name. */
export function errnoName(number: number): string {
  return NAMES.get(number) ?? `errno ${number}`;
}
