import { struct } from "../struct.ts";

/** linux/netlink.h */
export const NETLINK_ROUTE = 0;

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;
export const NLMSG_ALIGNTO = 4;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;

export const SOL_NETLINK = 270;
export const NETLINK_NO_ENOBUFS = 5;

export const sockaddr_nl = struct({ nl_family: "u16", nl_pad: "u16", nl_pid: "u32", nl_groups: "u32" });
export const nlmsghdr = struct({
  nlmsg_len: "u32",
  nlmsg_type: "u16",
  nlmsg_flags: "u16",
  nlmsg_seq: "u32",
  nlmsg_pid: "u32",
});
/** `struct nlmsgerr` up to the copy of the request's header that follows `error`. */
export const nlmsgerr = struct({ error: "i32" });
export const nlattr = struct({ nla_len: "u16", nla_type: "u16" });

export const NLA_TYPE_MASK = 0x3fff;
