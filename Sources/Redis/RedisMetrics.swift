// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Metrics

/// What the driver counts. The names are explained in the catalogue of metrics.
enum RedisMetrics {
  static let connects = Counter(label: "onefold_redis_connects_total")
  static let failures = Counter(label: "onefold_redis_failures_total")
  static let duration = Timer(label: "onefold_redis_command_duration_seconds")
}
