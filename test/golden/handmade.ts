/** A message of a kind of link that the kernel of captured.json cannot make, put together by hand. */
export interface HandmadePacket {
  readonly name: string;
  /** The header that its layout follows; the order is that of rtnl_fill_ifinfo() in net/core/rtnetlink.c. */
  readonly header: string;
  /** Hexadecimal digits, little-endian. */
  readonly hex: readonly string[];
  /** What was put in. */
  readonly says: {
    readonly ifindex: number;
    readonly flags: readonly string[];
    readonly name: string;
    readonly mtu: number;
    readonly master: number;
    readonly kind: string;
  };
}

/** All hand-made packets. Every one has the address 52:54:00:12:00:01. */
export const HANDMADE: readonly HandmadePacket[] = [
  {
    name: "team new",
    header: "linux/if_link.h; drivers/net/team has no IFLA_INFO_DATA",
    hex: [
      "84000000 10000000 00000000 00000000", // nlmsghdr: 132 bytes, RTM_NEWLINK
      "00000100 14000000 43100100 ffffffff", // ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 20, UP|BROADCAST|RUNNING|MULTICAST|LOWER_UP, change ~0
      "14000300 506f7274 4368616e 6e656c30 30303100", // IFLA_IFNAME "PortChannel0001"
      "08000d00 e8030000", // IFLA_TXQLEN 1000
      "05001000 06000000", // IFLA_OPERSTATE UP
      "05001100 00000000", // IFLA_LINKMODE
      "08000400 8c230000", // IFLA_MTU 9100
      "05002100 01000000", // IFLA_CARRIER 1
      "0a000100 52540012 00010000", // IFLA_ADDRESS 52:54:00:12:00:01
      "0a000200 ffffffff ffff0000", // IFLA_BROADCAST
      "10001200", // IFLA_LINKINFO
      "09000100 7465616d 00000000", //   IFLA_INFO_KIND "team"
    ],
    says: {
      ifindex: 20,
      flags: ["UP", "BROADCAST", "RUNNING", "MULTICAST", "LOWER_UP"],
      name: "PortChannel0001",
      mtu: 9100,
      master: 0,
      kind: "team",
    },
  },
  {
    name: "team del",
    header: "linux/if_link.h",
    hex: [
      "84000000 11000000 00000000 00000000", // nlmsghdr: 132 bytes, RTM_DELLINK
      "00000100 14000000 02100000 ffffffff", // ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 20, BROADCAST|MULTICAST, change ~0
      "14000300 506f7274 4368616e 6e656c30 30303100", // IFLA_IFNAME "PortChannel0001"
      "08000d00 e8030000", // IFLA_TXQLEN 1000
      "05001000 06000000", // IFLA_OPERSTATE UP
      "05001100 00000000", // IFLA_LINKMODE
      "08000400 8c230000", // IFLA_MTU 9100
      "05002100 01000000", // IFLA_CARRIER 1
      "0a000100 52540012 00010000", // IFLA_ADDRESS 52:54:00:12:00:01
      "0a000200 ffffffff ffff0000", // IFLA_BROADCAST
      "10001200", // IFLA_LINKINFO
      "09000100 7465616d 00000000", //   IFLA_INFO_KIND "team"
    ],
    says: {
      ifindex: 20,
      flags: ["BROADCAST", "MULTICAST"],
      name: "PortChannel0001",
      mtu: 9100,
      master: 0,
      kind: "team",
    },
  },
  {
    name: "team member new",
    header: "linux/if_link.h: a member has the kind of its master only in IFLA_INFO_SLAVE_KIND",
    hex: [
      "88000000 10000000 00000000 00000000", // nlmsghdr: 136 bytes, RTM_NEWLINK
      "00000100 04000000 43100100 ffffffff", // ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 4, UP|BROADCAST|RUNNING|MULTICAST|LOWER_UP, change ~0
      "0e000300 45746865 726e6574 34000000", // IFLA_IFNAME "Ethernet4"
      "08000d00 e8030000", // IFLA_TXQLEN 1000
      "05001000 06000000", // IFLA_OPERSTATE UP
      "05001100 00000000", // IFLA_LINKMODE
      "08000400 8c230000", // IFLA_MTU 9100
      "08000a00 14000000", // IFLA_MASTER 20
      "05002100 01000000", // IFLA_CARRIER 1
      "0a000100 52540012 00010000", // IFLA_ADDRESS 52:54:00:12:00:01
      "0a000200 ffffffff ffff0000", // IFLA_BROADCAST
      "10001200", // IFLA_LINKINFO
      "09000400 7465616d 00000000", //   IFLA_INFO_SLAVE_KIND "team"
    ],
    says: {
      ifindex: 4,
      flags: ["UP", "BROADCAST", "RUNNING", "MULTICAST", "LOWER_UP"],
      name: "Ethernet4",
      mtu: 9100,
      master: 20,
      kind: "",
    },
  },
  {
    name: "bond new",
    header: "linux/if_link.h: IFLA_BOND_MODE, IFLA_BOND_ACTIVE_SLAVE, IFLA_BOND_MIIMON in IFLA_INFO_DATA",
    hex: [
      "98000000 10000000 00000000 00000000", // nlmsghdr: 152 bytes, RTM_NEWLINK
      "00000100 15000000 43140100 ffffffff", // ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 21, UP|BROADCAST|RUNNING|MASTER|MULTICAST|LOWER_UP, change ~0
      "0a000300 626f6e64 30000000", // IFLA_IFNAME "bond0"
      "08000d00 e8030000", // IFLA_TXQLEN 1000
      "05001000 06000000", // IFLA_OPERSTATE UP
      "05001100 00000000", // IFLA_LINKMODE
      "08000400 dc050000", // IFLA_MTU 1500
      "05002100 01000000", // IFLA_CARRIER 1
      "0a000100 52540012 00010000", // IFLA_ADDRESS 52:54:00:12:00:01
      "0a000200 ffffffff ffff0000", // IFLA_BROADCAST
      "2c001200", // IFLA_LINKINFO
      "09000100 626f6e64 00000000", //   IFLA_INFO_KIND "bond"
      "1c000200", //   IFLA_INFO_DATA
      "05000100 01000000", //     IFLA_BOND_MODE 1
      "08000200 05000000", //     IFLA_BOND_ACTIVE_SLAVE 5
      "08000300 64000000", //     IFLA_BOND_MIIMON 100
    ],
    says: {
      ifindex: 21,
      flags: ["UP", "BROADCAST", "RUNNING", "MASTER", "MULTICAST", "LOWER_UP"],
      name: "bond0",
      mtu: 1500,
      master: 0,
      kind: "bond",
    },
  },
  {
    name: "bond member new",
    header: "linux/if_link.h: IFLA_BOND_SLAVE_STATE, IFLA_BOND_SLAVE_MII_STATUS in IFLA_INFO_SLAVE_DATA",
    hex: [
      "a8000000 10000000 00000000 00000000", // nlmsghdr: 168 bytes, RTM_NEWLINK
      "00000100 05000000 43180100 ffffffff", // ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 5, UP|BROADCAST|RUNNING|SLAVE|MULTICAST|LOWER_UP, change ~0
      "0e000300 45746865 726e6574 38000000", // IFLA_IFNAME "Ethernet8"
      "08000d00 e8030000", // IFLA_TXQLEN 1000
      "05001000 06000000", // IFLA_OPERSTATE UP
      "05001100 00000000", // IFLA_LINKMODE
      "08000400 dc050000", // IFLA_MTU 1500
      "08000a00 15000000", // IFLA_MASTER 21
      "05002100 01000000", // IFLA_CARRIER 1
      "0a000100 52540012 00010000", // IFLA_ADDRESS 52:54:00:12:00:01
      "0a000200 ffffffff ffff0000", // IFLA_BROADCAST
      "30001200", // IFLA_LINKINFO
      "09000100 76657468 00000000", //   IFLA_INFO_KIND "veth"
      "09000400 626f6e64 00000000", //   IFLA_INFO_SLAVE_KIND "bond"
      "14000500", //   IFLA_INFO_SLAVE_DATA
      "05000100 00000000", //     IFLA_BOND_SLAVE_STATE 0
      "05000200 00000000", //     IFLA_BOND_SLAVE_MII_STATUS 0
    ],
    says: {
      ifindex: 5,
      flags: ["UP", "BROADCAST", "RUNNING", "SLAVE", "MULTICAST", "LOWER_UP"],
      name: "Ethernet8",
      mtu: 1500,
      master: 21,
      kind: "veth",
    },
  },
  {
    name: "vlan new",
    header: "linux/if_link.h: IFLA_VLAN_ID, IFLA_VLAN_FLAGS in IFLA_INFO_DATA",
    hex: [
      "a4000000 10000000 00000000 00000000", // nlmsghdr: 164 bytes, RTM_NEWLINK
      "00000100 16000000 43100100 ffffffff", // ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 22, UP|BROADCAST|RUNNING|MULTICAST|LOWER_UP, change ~0
      "11000300 45746865 726e6574 302e3130 00000000", // IFLA_IFNAME "Ethernet0.10"
      "08000d00 e8030000", // IFLA_TXQLEN 1000
      "05001000 06000000", // IFLA_OPERSTATE UP
      "05001100 00000000", // IFLA_LINKMODE
      "08000400 8c230000", // IFLA_MTU 9100
      "08000500 03000000", // IFLA_LINK 3
      "05002100 01000000", // IFLA_CARRIER 1
      "0a000100 52540012 00010000", // IFLA_ADDRESS 52:54:00:12:00:01
      "0a000200 ffffffff ffff0000", // IFLA_BROADCAST
      "28001200", // IFLA_LINKINFO
      "09000100 766c616e 00000000", //   IFLA_INFO_KIND "vlan"
      "18000200", //   IFLA_INFO_DATA
      "06000100 0a000000", //     IFLA_VLAN_ID 10
      "0c000200 01000000 ffffffff", //     IFLA_VLAN_FLAGS REORDER_HDR, mask ~0
    ],
    says: {
      ifindex: 22,
      flags: ["UP", "BROADCAST", "RUNNING", "MULTICAST", "LOWER_UP"],
      name: "Ethernet0.10",
      mtu: 9100,
      master: 0,
      kind: "vlan",
    },
  },
  {
    name: "dummy new, with NLA_F_NESTED",
    header: "linux/netlink.h: NLA_F_NESTED may be set in nla_type",
    hex: [
      "80000000 10000000 00000000 00000000", // nlmsghdr: 128 bytes, RTM_NEWLINK
      "00000100 17000000 c3000100 ffffffff", // ifinfomsg: AF_UNSPEC, ARPHRD_ETHER, index 23, UP|BROADCAST|RUNNING|NOARP|LOWER_UP, change ~0
      "0e000300 4c6f6f70 6261636b 30000000", // IFLA_IFNAME "Loopback0"
      "08000d00 e8030000", // IFLA_TXQLEN 1000
      "05001000 06000000", // IFLA_OPERSTATE UP
      "05001100 00000000", // IFLA_LINKMODE
      "08000400 00000100", // IFLA_MTU 65536
      "05002100 01000000", // IFLA_CARRIER 1
      "0a000100 52540012 00010000", // IFLA_ADDRESS 52:54:00:12:00:01
      "0a000200 ffffffff ffff0000", // IFLA_BROADCAST
      "10001280", // IFLA_LINKINFO | NLA_F_NESTED
      "0a000100 64756d6d 79000000", //   IFLA_INFO_KIND "dummy"
    ],
    says: {
      ifindex: 23,
      flags: ["UP", "BROADCAST", "RUNNING", "NOARP", "LOWER_UP"],
      name: "Loopback0",
      mtu: 65536,
      master: 0,
      kind: "dummy",
    },
  },
];
