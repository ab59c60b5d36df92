// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
import Foundation
public import Parsing

/// Files that resemble one of them.
public struct SimilarFileGroup: Equatable, Sendable {
  public struct Member: Equatable, Sendable {
    public var file: ScannedFile
    /// Which part it has in common with the first, 0...1.
    public var score: Double
  }

  /// By what its first two were found: their words, their looks, or their bytes.
  public var algorithm: SketchAlgorithm
  /// The one that the others resemble, then the most alike.
  public var members: [Member]
}

/// Finds files that are versions of each other, as the service does: by sketches, in groups round the first in the order of paths.
public struct SimilarFiles: Sendable {
  /// The largest first.
  public private(set) var groups: [SimilarFileGroup] = []
  public private(set) var troubles: [Trouble] = []

  /// Files with a common key that one is compared with: a family of more is found all the same, each member by some of the others.
  private static let candidateLimit = 1000

  private let files: [ScannedFile]
  private let threshold: Double?

  /// - Parameters:
  ///   - files: in the order of their paths, one of each content.
  ///   - threshold: the least score; nil: what the algorithm of the sketches recommends.
  public init(
    _ files: [ScannedFile], threshold: Double?, parser: BlockingParser = BlockingParser(),
    progress: ScanProgress = ScanProgress()
  ) {
    self.threshold = threshold
    self.files = files.filter { $0.size >= ContentForm.leastSize }
    progress.willRead(self.files.count)
    let results = FileReading.map(self.files.count) { [files = self.files] index, buffer in
      defer { progress.didRead(files[index].size) }
      return Self.sketch(of: files[index], parser, buffer)
    }
    var items: [Item] = []
    for (index, result) in results.enumerated() {
      switch result {
      case .success(let sketches): if !sketches.isEmpty { items.append(Item(index: index, sketches: sketches)) }
      case .failure(let failure):
        troubles.append(Trouble(path: self.files[index].path, reason: failure.description))
      }
    }
    group(items)
  }

  /// Nothing for what is not compared, and for what cannot be read: reports are about files that could.
  private static func sketch(
    of file: ScannedFile, _ parser: BlockingParser, _ buffer: UnsafeMutableRawBufferPointer
  ) -> Result<[Sketch], ReadFailure> {
    var content: [UInt8] = []
    var form: ContentForm?
    do throws(ReadFailure) {
      // Most files that are not compared show it in their first bytes.
      try FileReading.read(file, upTo: Int64(ContentForm.headBytes), into: buffer) { head in
        form = ContentForm(head: head, size: file.size)
      }
      guard form != nil else { return .success([try bytes(of: file, buffer)].compactMap { $0 }) }
      content.reserveCapacity(Int(file.size))
      try FileReading.read(file, into: buffer) { content.append(contentsOf: $0) }
    } catch {
      return .failure(error)
    }
    var sketches: [Sketch] =
      switch form {
      case .picture: (try? parser.light(side: PictureSketcher.side, of: content))?.sketches ?? []
      case .document: (try? parser.document(of: content))?.sketches ?? []
      case .text: Sketch.all(ofText: content)
      case nil: []
      }
    if file.size >= ByteSketcher.leastSize, sketches.allSatisfy({ $0.algorithm == .canonical }) {
      sketches += [ByteSketcher.sketch(content)].compactMap { $0 }
    }
    return .success(sketches)
  }

  private static func bytes(of file: ScannedFile, _ buffer: UnsafeMutableRawBufferPointer) throws(ReadFailure)
    -> Sketch?
  {
    guard file.size >= ByteSketcher.leastSize else { return nil }
    var sketcher = ByteSketcher()
    var window: [UInt8] = []
    try FileReading.read(file, into: buffer) { bytes in
      window.append(contentsOf: bytes)
      let (parts, count) = ByteSketcher.parts(of: window.span.bytes, isLast: false)
      sketcher.add(parts)
      window.removeFirst(count)
    }
    sketcher.add(ByteSketcher.parts(of: window.span.bytes, isLast: true).parts)
    return sketcher.finish()
  }

  private struct Item {
    let index: Int
    /// One of each algorithm at most.
    let sketches: [Sketch]

    /// By the sketch that says the most of those that are like enough.
    func likeness(to other: Item, from threshold: Double?) -> (score: Double, algorithm: SketchAlgorithm)? {
      for sketch in sketches {
        guard let match = other.sketches.first(where: { $0.algorithm == sketch.algorithm }) else { continue }
        let score = sketch.similarity(to: match)
        if score >= threshold ?? sketch.algorithm.leastSimilarity { return (score, sketch.algorithm) }
      }
      return nil
    }
  }

  private mutating func group(_ items: [Item]) {
    var holders: [UInt64: [Int]] = [:]
    var places: [Int: (medoid: Int, score: Double, algorithm: SketchAlgorithm)] = [:]
    for (place, item) in items.enumerated() {
      var candidates: Set<Int> = []
      for key in item.sketches.flatMap(\.keys) {
        for other in holders[key] ?? [] where candidates.count < Self.candidateLimit { candidates.insert(other) }
        holders[key, default: []].append(place)
      }
      var algorithms: [Int: SketchAlgorithm] = [:]
      let choice = StarChoice(
        neighbours: candidates.compactMap { other -> StarChoice<Int>.Neighbour? in
          guard let likeness = item.likeness(to: items[other], from: threshold) else { return nil }
          algorithms[other] = likeness.algorithm
          return StarChoice.Neighbour(
            content: other, order: Int64(other), score: likeness.score, medoid: places[other]?.medoid)
        })
      if let best = choice.best(), let algorithm = algorithms[best.content] {
        places[place] = (best.content, best.score, algorithm)
      }
    }
    groups = Dictionary(grouping: places.keys.sorted()) { places[$0]?.medoid ?? 0 }.map { medoid, members in
      let others = members.map { place in
        SimilarFileGroup.Member(file: files[items[place].index], score: places[place]?.score ?? 0)
      }.sorted { $0.score == $1.score ? $0.file.path < $1.file.path : $0.score > $1.score }
      return SimilarFileGroup(
        algorithm: members.first.flatMap { places[$0]?.algorithm } ?? .bytes,
        members: [SimilarFileGroup.Member(file: files[items[medoid].index], score: 1)] + others)
    }.sorted { $0.bytes == $1.bytes ? $0.members[0].file.path < $1.members[0].file.path : $0.bytes > $1.bytes }
  }
}

extension SimilarFileGroup {
  /// Of all but the first.
  public var bytes: Int64 { members.dropFirst().reduce(0) { $0 + $1.file.size } }
}
