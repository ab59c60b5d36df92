// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The secret that the store's contents are cut by: 32 random bytes in a file beside the packs, made once.
///
/// Nothing that is stored is lost without it; only nothing new would meet it.
enum ChunkingSecret {
  private static let byteCount = 32

  /// Blocks the calling thread.
  static func open(_ layout: BlobLayout, on disk: Disk) throws(BlobStoreError) -> [UInt8] {
    if let secret = try read(layout) { return secret }
    let file = try disk.create(layout.newStagedPath())
    var random = SystemRandomNumberGenerator()
    let secret = (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    try disk.write(secret.span.bytes, to: file)
    try disk.sync(file)
    // Another process may be doing the same: the first name stays.
    _ = try disk.link(file.path, to: layout.chunkingSecret)
    try disk.syncDirectory(layout.root)
    try disk.remove(file.path)
    guard let kept = try read(layout) else { throw .current("open", layout.chunkingSecret) }
    return kept
  }

  private static func read(_ layout: BlobLayout) throws(BlobStoreError) -> [UInt8]? {
    guard let file = try OpenFile.reading(layout.chunkingSecret) else { return nil }
    let secret = try file.read(at: 0, count: byteCount)
    return secret.count == byteCount ? secret : nil
  }
}
