import { samplesBy } from "../metrics/reading.ts";
import type { Reconciler } from "../port/reconciler.ts";
import { type IntakeCounters, noMessages } from "../rtnetlink/intake.ts";
import { noResyncs } from "../rtnetlink/monitor.ts";
import type { KernelProbe } from "./kernelprobe.ts";
import type { Observations } from "./observations.ts";

/** Link messages that could not be taken in, as far as they are known: an overrun counts once. */
export function failedMessages({ undecoded, truncated, overruns }: IntakeCounters): number {
  return undecoded.header + undecoded.length + undecoded.attribute + undecoded.name + truncated + overruns;
}

/** Reads what is known of the kernel's links and messages. */
export function linkReadings(reconciler: Reconciler, kernel: KernelProbe, { eventLatency }: Observations) {
  const counters = () => reconciler.monitor?.counters ?? noMessages();
  return {
    portsyncd_events_processed_total: () => counters().newLinks + counters().delLinks,
    portsyncd_events_failed_total: () => failedMessages(counters()),
    portsyncd_event_latency_seconds: () => eventLatency.value,
    portsyncd_netlink_connected: () => Number(kernel.isAnswering),
    portsyncd_netlink_receive_buffer_bytes: () => reconciler.monitor?.receiveBufferBytes,
    portsyncd_netlink_links: () => reconciler.monitor?.links.size ?? 0,
    portsyncd_netlink_datagrams_total: () => counters().datagrams,
    portsyncd_netlink_messages_total: () => {
      const { newLinks, delLinks, otherMessages } = counters();
      return samplesBy("type", { newlink: newLinks, dellink: delLinks, other: otherMessages });
    },
    portsyncd_netlink_decode_errors_total: () => samplesBy("reason", counters().undecoded),
    portsyncd_netlink_overruns_total: () => counters().overruns,
    portsyncd_netlink_truncated_datagrams_total: () => counters().truncated,
    portsyncd_netlink_foreign_datagrams_total: () => counters().foreign,
    portsyncd_netlink_resyncs_total: () => samplesBy("reason", reconciler.monitor?.resyncs ?? noResyncs()),
  };
}
