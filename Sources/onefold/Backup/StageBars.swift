// SPDX-License-Identifier: Apache-2.0

import Backup
import Synchronization

/// One bar after the other, for the stages of a backup or a restore.
final class StageBars: Sendable {
  private let current = Mutex<BackupProgress?>(nil)

  func show(_ progress: BackupProgress) { current.withLock { $0 = progress } }

  func showing<Value: Sendable>(_ body: (StageBars) async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.draw() }
      defer { group.cancelAll() }
      return try await body(self)
    }
  }

  /// Follows the stage that was shown last, until cancelled.
  private func draw() async {
    var stage: BackupProgress.Stage?
    while !Task.isCancelled {
      guard let now = current.withLock({ $0 }), now.stage != stage else {
        try? await Task.sleep(for: .milliseconds(50))
        continue
      }
      stage = now.stage
      let (title, unit) = Self.words(now.stage)
      let bar = ProgressBar(title: title, titleWidth: 11, totalItems: now.total, unit: unit)
      await withTaskGroup { group in
        group.addTask { await bar.run() }
        while !Task.isCancelled, let now = current.withLock({ $0 }), now.stage == stage {
          bar.update {
            $0.items = now.done
            $0.bytes = now.bytes
            $0.totalItems = now.total
          }
          try? await Task.sleep(for: .milliseconds(50))
        }
        group.cancelAll()
      }
    }
  }

  private static func words(_ stage: BackupProgress.Stage) -> (title: String, unit: String) {
    switch stage {
    case .events: ("Events", "events")
    case .tables: ("Tables", "tables")
    case .blobs: ("Blobs", "files")
    case .projections: ("Read tables", "events")
    case .contents: ("Contents", "contents")
    }
  }
}
