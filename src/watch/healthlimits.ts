import type { Config } from "../config/schema.ts";
import { DEFAULT_HEALTH_LIMITS, type HealthLimits } from "../health/health.ts";

/** What a configuration allows. */
export function healthLimits({ health, performance }: Config): HealthLimits {
  return {
    ...DEFAULT_HEALTH_LIMITS,
    maxStallSeconds: health.max_stall_seconds,
    maxFailureRatePercent: health.max_failure_rate_percent,
    minPortSyncRatePercent: health.min_port_sync_rate,
    minSuccessRatePercent: performance.min_success_rate,
    maxLatencyUs: performance.max_latency_us,
  };
}
