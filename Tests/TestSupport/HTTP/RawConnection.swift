// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// A TCP connection to a server under test that sends exactly the bytes it is told to: requests that no proper client would send.
///
/// For one task. Whatever it waits for must come within 20 s, otherwise the connection is closed and the wait throws.
public final class RawConnection {
  static let patience = TimeAmount.seconds(20)

  public struct Closed: Error { public init() {} }

  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private let channel: any Channel
  private var buffer = ByteBuffer()

  private init(
    _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
    _ channel: any Channel
  ) {
    self.inbound = inbound.makeAsyncIterator()
    self.outbound = outbound
    self.channel = channel
  }

  /// Opens a connection, and closes it when the body returns.
  public static func with<Result>(
    port: Int, _ body: (RawConnection) async throws -> Result
  ) async throws -> Result {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      try await body(RawConnection(inbound, outbound, channel.channel))
    }
  }

  public func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

  public func send(bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

  /// Says that nothing more will be sent; answers still come.
  public func finishSending() { outbound.finish() }

  /// Ends the connection in both directions at once.
  public func cut() async throws { try await channel.close() }

  /// - Throws: ``Closed`` when the connection ends before that many bytes have come.
  public func receive(_ count: Int) async throws -> [UInt8] {
    while buffer.readableBytes < count {
      guard try await receiveMore() else { throw Closed() }
    }
    return buffer.readBytes(length: count) ?? []
  }

  /// Everything up to and including an empty line.
  public func receiveHead() async throws -> String {
    while true {
      let text = String(buffer: buffer)
      if let end = text.firstRange(of: "\r\n\r\n") {
        let head = String(text[..<end.upperBound])
        buffer.moveReaderIndex(forwardBy: head.utf8.count)
        return head
      }
      guard try await receiveMore() else { throw Closed() }
    }
  }

  /// Everything until the server ends the connection.
  public func receiveAll() async throws -> [UInt8] {
    while try await receiveMore() {}
    return buffer.readBytes(length: buffer.readableBytes) ?? []
  }

  private func receiveMore() async throws -> Bool {
    let channel = channel
    let deadline = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    defer { deadline.cancel() }
    guard var more = try await inbound.next(isolation: #isolation) else { return false }
    buffer.writeBuffer(&more)
    return true
  }
}
