import { struct } from "../struct.ts";

/** Constants of sys/socket.h and asm-generic/socket.h, as x86-64 and arm64 have them. */
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_BRIDGE = 7;
export const AF_NETLINK = 16;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_RCVBUFFORCE = 33;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

/** `struct mmsghdr` of sys/socket.h on 64-bit machines: a `struct msghdr` and the length of what was received. */
export const mmsghdr = struct({
  msg_name: "u64",
  msg_namelen: "u32",
  msg_iov: "u64",
  msg_iovlen: "u64",
  msg_control: "u64",
  msg_controllen: "u64",
  msg_flags: "i32",
  msg_hdr_pad: "u32",
  msg_len: "u32",
});
