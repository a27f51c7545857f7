import { struct } from "../struct.ts";

/** linux/rtnetlink.h */
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

export const RTMGRP_LINK = 1;

export const ifinfomsg = struct({
  ifi_family: "u8",
  ifi_pad: "u8",
  ifi_type: "u16",
  ifi_index: "i32",
  ifi_flags: "u32",
  ifi_change: "u32",
});
