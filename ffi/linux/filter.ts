import { struct } from "../struct.ts";

/** linux/filter.h and linux/bpf_common.h */
export const BPF_RET = 0x06;
export const BPF_K = 0x00;

export const sock_filter = struct({ code: "u16", jt: "u8", jf: "u8", k: "u32" });
export const sock_fprog = struct({ len: "u16", filter: "u64" });
