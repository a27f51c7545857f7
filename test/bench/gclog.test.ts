import { expect, test } from "bun:test";

import { largestHeap, parseCollections } from "../../bench/gclog.ts";

/** What Bun 1.4.5 logged of two collections, the first of which stopped the program three times; the daemon's own lines between. */
const LOG = [
  "[GC<0x4c1cdb80118>: starting 0.041361ms]",
  "Requesting GC because bytes allocated this cycle: 8390496 exceed bytes allowed: 8388608 normal bytes: 7484240",
  "[GC<0x4c1cdb80118>: START M 9093kb => EdenCollection, a=0kb hf=0.000 mu=0.600 v=0kb (C:0 M:0 P1:0) o=1 b=1 i#1:N<CsMsrShDMsm(3)SrbBcs> 0+0 p=2.614894ms (max 2.614894)...]",
  "Ethernet0: state ok netdev_oper_status up admin_status up mtu 9100",
  "[GC<0x4c1cdb80118>: M a=730kb hf=0.223 mu=0.466 v=3540kb (C:643 M:0 P1:2896) o=1 b=4 0+4 p=1.923229ms (max 2.614894)...]",
  "[GC<0x4c1cdb80118>: M a=934kb hf=0.285 mu=0.429 v=7196kb i#6:P<CsMsm(0)ShMsrSrbDBcsCbDomoWsOJw>Pbc => 8955kb, p=1.184034ms (max 2.614894), cycle 9.822693ms END]",
  "GC END!",
  "[GC<0x4c1cdb80118>: epilogue 0.004898ms]",
  "[GC<0x4c1cdb80118>: START M 8876kb => EdenCollection, a=0kb hf=0.000 i#3:P<ShMsrCsSrbDMsm(0)BcsCbDomoWsOJw>Pbc => 273kb, p=1.443388ms (max 2.614894), cycle 1.429017ms END]",
];

const MAIN = "0x4c1cdb80118";

test("parseCollections finds each pause, and the heap after each collection", () => {
  expect([...parseCollections(LOG)]).toEqual([
    [MAIN, { pausesMs: [2.614894, 1.923229, 1.184034, 1.443388], heapsKib: [8955, 273] }],
  ]);
});

test("parseCollections tells the heaps of threads apart, also where one's line is cut in two by another's", () => {
  const lines = [
    "[GC<0x1>: START M 736kb => FullCollection, a=0kb i#1:N<CsMsrShDMsm(0)SrbBcs> 425+0 [GC<0x2>: starting 2.159719ms]",
    "v=190kb (C:190 M:0) o=1 b=0 i#3:P<WsOJwMsrShSrbCsDMsm(0)BcsCbDomo>Pbc => 9229kb, p=3.325508ms (max 3.325508), cycle 3.179591ms END]",
    "GC END!",
    "[GC<0x2>: START M 464kb => FullCollection, a=0kb i#3:P<MsrShCsSrbDMsm(0)BcsCbDomoWsOJw>Pbc => 120kb, p=2.108894ms (max 3.325508), cycle 0.544417ms END]",
    "[GC<0x2>: Full sweep: 475kb => 475kb, 0.114660ms]",
  ];
  const found = parseCollections(lines);
  expect([...found]).toEqual([
    ["0x1", { pausesMs: [3.325508], heapsKib: [9229] }],
    ["0x2", { pausesMs: [2.108894], heapsKib: [120] }],
  ]);
  expect(largestHeap(found)).toBe("0x1");
});

test("parseCollections finds nothing in the log of a program that is not Bun's", () => {
  const found = parseCollections(["ready", "overrun"]);
  expect([[...found], largestHeap(found)]).toEqual([[], undefined]);
});
