// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Dispatch
import Foundation
import LocalScan
import Parsing

/// `onefold scan`: duplicates of a local tree, without any service.
struct ScanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "Find duplicates below local directories, without a server.",
    discussion: """
      Nothing is changed and nothing is sent. Files with the same bytes are found by SHA-256; only files that may be the same are
      read. Hard links are one file, symbolic links are not followed. With --similar files that are versions of each other are found
      too, by their words, their looks, or their bytes, which reads every one of them.

      EXAMPLES
        onefold scan ~/Pictures
        onefold scan ~/Documents --similar --threshold 0.6
        onefold scan /srv /backup --keep in:/srv --format csv --output duplicates.csv
        onefold scan . --format json | jq '.identical[].files[] | select(.kept | not).path'
        onefold scan . --keep oldest --format null | xargs -0 rm --    # look at the text first

      EXIT STATUS
        0  everything was looked at
        1  some files could not be read (they are listed on standard error)
        130  interrupted
      """)

  @Argument(help: "Directories or files.", completion: .directory)
  var directories: [String]

  @Flag(help: "Find files that are versions of each other, too: by their words, their looks, or their bytes.")
  var similar = false

  @Option(
    help:
      "How alike similar files are at least, 0.1 to 1. (default: 0.4 for texts, 0.68 for pictures, 0.5 for the rest)")
  var threshold: Double?

  @Option(help: "Which of identical files stays: first, oldest, newest, shortest-path or in:DIR.")
  var keep = "first"

  @Option(help: "text, json, csv, or null: the files that could go, with a zero byte after each.")
  var format = ScanFormat.text

  @Option(help: "Write the report to this file.", completion: .file())
  var output: String?

  @Option(help: "Leave smaller files out, in bytes.")
  var minSize: Int64 = 1

  @Option(help: "Leave out what matches: a name like '*.tmp', or with a slash a path like 'build/*'. May be repeated.")
  var exclude: [String] = []

  @Flag(help: "Stay on the file system of each directory.")
  var oneFileSystem = false

  func validate() throws {
    guard KeepRule(keep) != nil else {
      throw ValidationError("--keep takes first, oldest, newest, shortest-path or in:DIR.")
    }
    guard (0.1...1).contains(threshold ?? 1) else { throw ValidationError("--threshold takes 0.1 to 1.") }
    guard minSize >= 0 else { throw ValidationError("--min-size takes 0 or more bytes.") }
  }

  func run() async throws {
    for directory in directories where access(directory, F_OK) != 0 {
      throw CommandError("\(directory): \(String(cString: strerror(errno)))")
    }
    let report = try await scan()
    let data = try format.write(report)
    if let output {
      do {
        try data.write(to: URL(filePath: output))
      } catch {
        throw CommandError("\(output) could not be written: \(error.localizedDescription)")
      }
      Terminal.write(ScanFormat.summary(report))
    } else {
      FileHandle.standardOutput.write(data)
    }
    for trouble in report.troubles.prefix(20) { Terminal.writeError("not read: \(trouble.path): \(trouble.reason)\n") }
    if report.troubles.count > 20 {
      Terminal.writeError("and \(Format.count(report.troubles.count - 20)) more (all with --format json)\n")
    }
    if !report.troubles.isEmpty { throw ExitCode.failure }
  }

  private func scan() async throws -> ScanReport {
    var options = ScanReport.Options()
    options.tree.leastBytes = minSize
    options.tree.excluded = exclude
    options.tree.staysOnFileSystem = oneFileSystem
    options.keep = KeepRule(keep) ?? .first
    options.findsSimilar = similar
    options.threshold = threshold
    if similar, access(BlockingParser.programBesideThis, X_OK) != 0 {
      Terminal.writeError("onefold-parser is not beside this program, so pictures are not compared\n")
    }
    let (roots, scanOptions, progress) = (directories.map { LocalPath($0) }, options, ScanProgress())
    let bar = ProgressBar(title: "Reading", totalItems: 0)
    let drawing = Terminal.isInteractive ? Task { await Self.draw(bar, progress) } : nil
    // It reads files on threads of its own, and may: nothing else is done here.
    let report = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: ScanReport(roots, options: scanOptions, progress: progress))
      }
    }
    drawing?.cancel()
    await drawing?.value
    return report
  }

  /// Only of scans that take a while.
  private static func draw(_ bar: ProgressBar, _ progress: ScanProgress) async {
    do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
    await withDiscardingTaskGroup { group in
      group.addTask { await bar.run() }
      while !Task.isCancelled {
        let (found, read) = (progress.found, progress.read)
        bar.update {
          $0.items = read.files
          $0.totalItems = max(read.of, 1)
          $0.note = read.of == 0 ? "\(Format.count(found.files)) found" : Format.bytes(read.bytes)
        }
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}

extension ScanFormat: ExpressibleByArgument {}
