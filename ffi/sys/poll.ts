import { struct } from "../struct.ts";

/** sys/poll.h */
export const POLLOUT = 0x4;

export const pollfd = struct({ fd: "i32", events: "i16", revents: "i16" });
