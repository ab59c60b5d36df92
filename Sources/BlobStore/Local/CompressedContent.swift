// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import NIOCore
import Synchronization

/// A blob whose file is a seekable LZ4 frame. Every block is verified as it is read.
final class CompressedContent: BlockingContent {
  let size: Int64
  private let digest: Digest
  private let source: FileSource
  private let reader: Mutex<LZ4FrameReader>

  init(digest: Digest, file: OpenFile) throws(BlobStoreError) {
    source = try FileSource(file: file)
    self.digest = digest
    do throws(LZ4FrameError) {
      let reader = try LZ4FrameReader(source)
      size = reader.contentSize
      self.reader = Mutex(reader)
    } catch {
      throw .damaged(digest, error.description)
    }
  }

  func bytes(at offset: Int64, upTo end: Int64) throws(BlobStoreError) -> ByteBuffer {
    let number = Int(offset / Int64(LZ4Frame.blockSize))
    let block: [UInt8]
    do throws(LZ4FrameError) {
      block = try reader.withLock { reader throws(LZ4FrameError) in try reader.block(number, of: source) }
    } catch {
      throw .damaged(digest, error.description)
    }
    let start = Int(offset % Int64(LZ4Frame.blockSize))
    return ByteBuffer(bytes: block[start..<min(block.count, start + Int(end - offset))])
  }
}

/// A file as the frame reader sees it.
struct FileSource: ByteSource {
  let size: Int64
  private let file: OpenFile

  init(file: OpenFile) throws(BlobStoreError) {
    self.file = file
    size = try file.size()
  }

  func bytes(_ range: Range<Int64>) throws(LZ4FrameError) -> [UInt8] {
    let count = Int(range.upperBound - range.lowerBound)
    let bytes: [UInt8]
    do throws(BlobStoreError) {
      bytes = try file.read(at: range.lowerBound, count: count)
    } catch {
      throw .library(error.description)
    }
    guard bytes.count == count else { throw .truncated("the file ends inside of bytes \(range)") }
    return bytes
  }
}
