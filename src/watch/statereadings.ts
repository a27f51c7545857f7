import { samplesBy } from "../metrics/reading.ts";
import { START_KINDS } from "../store/start.ts";
import type { Store } from "../store/store.ts";
import type { LastingTotals } from "./lastingtotals.ts";
import type { Observations } from "./observations.ts";

/** Reads what is known of the starts, those before this one too. */
export function startReadings({ totals, initialSync }: Observations) {
  const total = (name: string) => () => totals.total(name);
  const time = (name: string) => () => totals.time(name);
  return {
    portsyncd_starts_total: () => {
      if (!totals.areKnown) return [];
      const each = START_KINDS.map((kind) => [kind, totals.total(`portsyncd_starts_total/${kind}`)!] as const);
      return samplesBy("kind", Object.fromEntries(each));
    },
    portsyncd_cold_starts_total: total("portsyncd_cold_starts_total"),
    portsyncd_warm_restarts_total: total("portsyncd_warm_restarts_total"),
    portsyncd_last_warm_restart_timestamp_seconds: time("portsyncd_last_warm_restart_timestamp_seconds"),
    portsyncd_eoiu_detected_total: total("portsyncd_eoiu_detected_total"),
    portsyncd_eoiu_timeouts_total: total("portsyncd_eoiu_timeouts_total"),
    portsyncd_last_eoiu_detection_timestamp_seconds: time("portsyncd_last_eoiu_detection_timestamp_seconds"),
    portsyncd_initial_sync_duration_seconds: () => initialSync.value,
  };
}

/** Reads what is known of the store; what it counts of itself is known once its file was read. */
export function storeReadings(store: Pick<Store, "status">, totals: LastingTotals, observations: Observations) {
  const status = () => store.status;
  const tally = (read: (status: Store["status"]) => number) => () => (totals.areKnown ? read(status()) : undefined);
  return {
    portsyncd_store_enabled: () => Number(status().state !== "disabled"),
    portsyncd_store_degraded: () => Number(status().state === "degraded"),
    portsyncd_store_faults_total: () => observations.storeFaults,
    portsyncd_store_size_bytes: () => status().bytes,
    portsyncd_store_limit_bytes: () => (status().state === "disabled" ? undefined : status().maxBytes),
    portsyncd_store_queued_transitions: () => status().queued,
    portsyncd_store_dropped_transitions_total: () => status().dropped,
    portsyncd_store_lost_transitions_total: tally(({ lostTransitions }) => lostTransitions),
    portsyncd_corruptions_detected_total: tally(({ corruptions }) => corruptions),
    portsyncd_state_recoveries_total: tally(({ recoveries }) => recoveries),
    portsyncd_last_corruption_timestamp_seconds: tally(({ lastCorruptionWallMs }) => lastCorruptionWallMs / 1000),
    portsyncd_last_state_recovery_timestamp_seconds: tally(({ lastRecoveryWallMs }) => lastRecoveryWallMs / 1000),
    portsyncd_backups_created_total: tally(({ backupsCreated }) => backupsCreated),
    portsyncd_backups_cleaned_total: tally(({ backupsCleaned }) => backupsCleaned),
    portsyncd_backup_due: () => Number(status().backupDue),
  };
}
