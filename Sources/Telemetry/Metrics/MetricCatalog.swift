// SPDX-License-Identifier: Apache-2.0

/// Every metric of Onefold: the source of the HELP texts of /metrics and of the table in docs/operations.md.
///
/// Own names are `onefold_<area>_<what>_<unit>`; the others are given by the specification or by the habits of Prometheus.
public enum MetricCatalog {
  public static let all: [MetricDescription] =
    (http + work + drivers + log + blobs + search + telemetry + process).sorted { $0.name < $1.name }

  public static subscript(name: String) -> MetricDescription? { byName[name] }

  /// The catalogue as a table for the documentation.
  public static var markdown: String {
    let rows = all.map { metric in
      let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
      return "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |\n"
    }
    return "| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n" + rows.joined()
  }

  private static let byName = Dictionary(all.map { ($0.name, $0) }) { first, _ in first }

  private static let http: [MetricDescription] = [
    .init(
      "http_requests_total", .counter, "Requests answered, by method, status code and endpoint (the route's pattern).",
      labels: ["method", "status", "endpoint"]),
    .init(
      "http_request_duration_seconds", .histogram, "Time from a request's head until its answer is ready to be sent.",
      labels: ["method", "endpoint"]),
    .init("onefold_live_connections", .gauge, "WebSockets that follow the log now."),
  ]

  private static let work: [MetricDescription] = [
    .init("files_processed_total", .counter, "Files whose job succeeded."),
    .init(
      "onefold_worker_unreadable_contents_total", .counter,
      "Contents that begin like a picture and cannot be read as one: damaged, or made to harm."),
    .init("duplicates_found_total", .counter, "Files found to have the same bytes as an earlier file of their owner."),
    .init("deduplication_duration_seconds", .histogram, "Time from taking up a job to its last event."),
    .init("active_deduplication_jobs", .gauge, "Jobs that this process works on now."),
    .init(
      "storage_bytes_saved_total", .untyped,
      "Bytes that users' files would need more without deduplication and compression. Read from the projection, so it can fall when files are removed."
    ),
    .init(
      "onefold_worker_jobs_total", .counter,
      "Jobs that this process finished, by outcome: succeeded, retried, postponed, dead, skipped, handedBack.",
      labels: ["outcome"]),
    .init(
      "onefold_jobs", .gauge, "Jobs in a state that is not good yet: queued, scheduled, retrying, dead.",
      labels: ["class", "kind", "state"]),
    .init(
      "onefold_jobs_in_flight", .gauge, "Jobs that workers have now, over all processes.", labels: ["class", "kind"]),
    .init(
      "onefold_jobs_oldest_due_timestamp_seconds", .gauge,
      "Since when the first of those queued could have begun, in seconds since 1970; 0 when none is queued.",
      labels: ["class", "kind"]),
    .init(
      "onefold_jobs_paused", .gauge, "1 when an administrator has paused a class or a kind, else 0.",
      labels: ["scope", "value"]),
    .init("onefold_worker_rescued_jobs_total", .counter, "Jobs taken over from workers that fell silent."),
    .init("onefold_worker_started_jobs_total", .counter, "Attempts that this process began."),
    .init(
      "onefold_worker_wait_seconds", .histogram, "Time from when an attempt could begin until it did.",
      labels: ["class"]),
    .init(
      "onefold_worker_stale_results_total", .counter,
      "Results refused because another worker had finished the job first."),
    .init(
      "onefold_worker_queue_length", .gauge,
      "Jobs in a stream of Redis, waiting or under way, and in jobs:delayed those that wait for their next attempt.",
      labels: ["queue"]),
  ]

  private static let drivers: [MetricDescription] = [
    .init(
      "onefold_pool_connections", .gauge, "Connections to Postgres by state: idle, lent, connecting.",
      labels: ["pool", "state"]),
    .init("onefold_pool_waiting", .gauge, "Tasks that wait for a connection to Postgres.", labels: ["pool"]),
    .init(
      "onefold_pool_wait_seconds", .histogram, "Time that tasks waited for a connection to Postgres.", labels: ["pool"]),
    .init(
      "onefold_redis_command_duration_seconds", .histogram,
      "Time of a command or pipeline, with its wait for a connection."),
    .init("onefold_redis_connects_total", .counter, "Connections made to Redis, the first ones included."),
    .init("onefold_redis_failures_total", .counter, "Commands that failed."),
  ]

  private static let log: [MetricDescription] = [
    .init("onefold_log_head_position", .gauge, "The position of the newest event, as this process knows it."),
    .init("onefold_log_append_batch_size", .histogram, "Appends decided in one transaction.", buckets: Buckets.counts),
    .init("onefold_log_append_duration_seconds", .histogram, "Time of a transaction that appends, with its commit."),
    .init("onefold_seal_position", .gauge, "The last position that a seal made by this process covers."),
    .init("onefold_seal_copy_position", .gauge, "The last position that the second place of the seals covers."),
    .init("onefold_seal_unsealed_events", .gauge, "Events that no seal covers yet, where the sealer leads."),
    .init(
      "onefold_seal_unsealed_seconds", .gauge, "Age of the oldest event that no seal covers, where the sealer leads."),
    .init(
      "onefold_seal_failures_total", .counter, "Times that sealing, or writing the copy, failed and needs a person."),
    .init("onefold_relay_position", .gauge, "The position up to which the relay has published jobs."),
    .init(
      "onefold_projection_position", .gauge, "The position up to which a projection has folded the log.",
      labels: ["projection"]),
    .init(
      "onefold_projection_lag_events", .gauge, "Events between a projection's position and the head.",
      labels: ["projection"]),
    .init(
      "onefold_projection_lag_seconds", .gauge, "Age of the oldest event that a projection has not folded.",
      labels: ["projection"]),
    .init(
      "onefold_projection_parked_events", .gauge,
      "Events that a projection could not fold and has passed by; for \"unrecognised\", events of types the program does not know. Counted up to 10000.",
      labels: ["projection"]),
    .init(
      "onefold_projection_stopped", .gauge, "1 when a projection has stopped at an event it cannot fold, else 0.",
      labels: ["projection"]),
  ]

  private static let blobs: [MetricDescription] = [
    .init(
      "onefold_blob_sync_round_size", .histogram, "Names of blobs made durable in one round.", buckets: Buckets.counts),
    .init("onefold_blob_sync_duration_seconds", .histogram, "Time of a round of syncs."),
    .init("onefold_blob_published_bytes_total", .counter, "Bytes of uploads made durable, duplicates included."),
    .init("onefold_blob_damaged_total", .counter, "Reads and settlings that met bytes other than those of the digest."),
    .init(
      "onefold_blob_damaged_contents", .gauge,
      "Contents that files have, that were found damaged and are not mended. The same in every process that shows it."),
    .init("onefold_blob_scrub_bytes", .gauge, "Bytes of contents read in the scrub under way, or the last one."),
    .init(
      "onefold_blob_scrub_finished_timestamp_seconds", .gauge,
      "When the last scrub came to its end, in seconds since 1970; 0 before the first."),
    .init("onefold_blob_disk_bytes", .gauge, "Size of the file system that has the blobs."),
    .init("onefold_blob_disk_free_bytes", .gauge, "Room that is left there."),
    .init(
      "onefold_blob_recount_differences_total", .counter,
      "What the index of chunks said otherwise than the packs, found by the daily recount or fsck."),
    .init("onefold_blob_mended_total", .counter, "Damaged blobs and chunks that were replaced by what somebody sent."),
  ]

  private static let search: [MetricDescription] = [
    .init(
      "onefold_search_requests_total", .counter, "Requests to OpenSearch, by whether they were answered.",
      labels: ["outcome"]),
    .init(
      "onefold_search_suspended", .gauge, "1 while OpenSearch is left alone because it did not answer, else 0."),
    .init("onefold_search_position", .gauge, "The position up to which the index in OpenSearch has followed the log."),
    .init("onefold_search_documents_total", .counter, "Contents of owners written to OpenSearch."),
    .init("onefold_search_rejected_documents_total", .counter, "Documents that OpenSearch refused for good."),
  ]

  private static let telemetry: [MetricDescription] = [
    .init(
      "onefold_telemetry_folded_series_total", .counter,
      "Series not created because their metric had too many; their values went to the series whose labels are all \"other\"."
    ),
    .init(
      "onefold_telemetry_dropped_total", .counter,
      "Spans and log records that were not sent to the collector, because too many waited or it did not take them.",
      labels: ["signal"]),
    .init(
      "onefold_telemetry_failures_total", .counter, "Requests to the collector that failed.", labels: ["signal"]),
  ]

  private static let process: [MetricDescription] = [
    .init("process_cpu_seconds_total", .counter, "User and system CPU time spent."),
    .init("process_resident_memory_bytes", .gauge, "Resident memory."),
    .init("process_virtual_memory_bytes", .gauge, "Virtual memory."),
    .init("process_open_fds", .gauge, "Open file descriptors."),
    .init("process_max_fds", .gauge, "Most file descriptors that may be open."),
    .init("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970."),
    .init("onefold_process_threads", .gauge, "Threads of the process."),
    .init("onefold_build_info", .gauge, "Always 1; the labels say what runs.", labels: ["role", "version"]),
    .init(
      "onefold_container_memory_bytes", .gauge,
      "Memory that the control group of the process uses, page cache included."),
    .init("onefold_container_memory_limit_bytes", .gauge, "Memory that it may use; absent without a limit."),
    .init("onefold_container_cpu_limit_cores", .gauge, "Processors that it may use; absent without a limit."),
    .init(
      "onefold_container_cpu_throttled_seconds_total", .counter, "Time for which it was held back at that limit."),
  ]
}
