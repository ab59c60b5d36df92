// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
import Foundation
public import Parsing

/// Texts or pictures that resemble one of them.
public struct SimilarFileGroup: Equatable, Sendable {
  public struct Member: Equatable, Sendable {
    public var file: ScannedFile
    /// Which part it has in common with the first, 0...1.
    public var score: Double
  }

  /// How its members were sketched: which says whether they are texts or pictures.
  public var algorithm: SketchAlgorithm
  /// The one that the others resemble, then the most alike.
  public var members: [Member]
}

/// Finds texts and pictures that are versions of each other, as the service does: by sketches, in groups round the first in the order of paths.
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
    var sketches: [(index: Int, sketch: Sketch)] = []
    for (index, result) in results.enumerated() {
      switch result {
      case .success(let sketch?): sketches.append((index, sketch))
      case .success(nil): break
      case .failure(let failure):
        troubles.append(Trouble(path: self.files[index].path, reason: failure.description))
      }
    }
    group(sketches)
  }

  /// Nothing for what is not compared, and for what cannot be read: reports are about files that could.
  private static func sketch(
    of file: ScannedFile, _ parser: BlockingParser, _ buffer: UnsafeMutableRawBufferPointer
  ) -> Result<Sketch?, ReadFailure> {
    var content: [UInt8] = []
    var form: ContentForm?
    do throws(ReadFailure) {
      // Most files that are not compared show it in their first bytes.
      try FileReading.read(file, upTo: Int64(ContentForm.headBytes), into: buffer) { head in
        form = ContentForm(head: head, size: file.size)
      }
      guard form != nil else { return .success(nil) }
      content.reserveCapacity(Int(file.size))
      try FileReading.read(file, into: buffer) { content.append(contentsOf: $0) }
    } catch {
      return .failure(error)
    }
    // The first says the most: by the others only the same is found, in what has too little for the first.
    return switch form {
    case .picture: .success((try? parser.light(side: PictureSketcher.side, of: content))?.sketches.first)
    case .document: .success((try? parser.document(of: content))?.sketches.first)
    case .text: .success(Sketch.all(ofText: content).first)
    case nil: .success(nil)
    }
  }

  private mutating func group(_ sketches: [(index: Int, sketch: Sketch)]) {
    var holders: [UInt64: [Int]] = [:]
    var places: [Int: (medoid: Int, score: Double)] = [:]
    for (place, item) in sketches.enumerated() {
      let keys = item.sketch.keys
      var candidates: Set<Int> = []
      for key in keys {
        for other in holders[key] ?? [] where candidates.count < Self.candidateLimit { candidates.insert(other) }
        holders[key, default: []].append(place)
      }
      let choice = StarChoice(
        neighbours: candidates.compactMap { other -> StarChoice<Int>.Neighbour? in
          let score = item.sketch.similarity(to: sketches[other].sketch)
          guard score >= threshold ?? item.sketch.algorithm.leastSimilarity else { return nil }
          return StarChoice.Neighbour(
            content: other, order: Int64(other), score: score, medoid: places[other]?.medoid)
        })
      if let best = choice.best() { places[place] = (best.content, best.score) }
    }
    groups = Dictionary(grouping: places.keys) { places[$0]?.medoid ?? 0 }.map { medoid, members in
      let others = members.map { place in
        SimilarFileGroup.Member(file: files[sketches[place].index], score: places[place]?.score ?? 0)
      }.sorted { $0.score == $1.score ? $0.file.path < $1.file.path : $0.score > $1.score }
      return SimilarFileGroup(
        algorithm: sketches[medoid].sketch.algorithm,
        members: [SimilarFileGroup.Member(file: files[sketches[medoid].index], score: 1)] + others)
    }.sorted { $0.bytes == $1.bytes ? $0.members[0].file.path < $1.members[0].file.path : $0.bytes > $1.bytes }
  }
}

extension SimilarFileGroup {
  /// Of all but the first.
  public var bytes: Int64 { members.dropFirst().reduce(0) { $0 + $1.file.size } }
}
