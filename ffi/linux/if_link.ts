/** Link attributes of linux/if_link.h. */
export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_MASTER = 10;
export const IFLA_LINKINFO = 18;

/** Attributes nested in IFLA_LINKINFO. */
export const IFLA_INFO_KIND = 1;
