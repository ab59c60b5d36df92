// SPDX-License-Identifier: Apache-2.0

/// The words of streams commands, named as Redis names them: for pipelines, as in `pipeline([.xack(…), .xdel(…)])`.
extension [RedisArgument] {
  /// `XADD stream [MAXLEN ~ n] id|* field value …`
  public static func xadd(
    _ stream: String, id: StreamID? = nil, fields: some Sequence<(key: String, value: RedisArgument)>,
    maxLength: Int? = nil
  ) -> Self {
    var words: Self = ["XADD", .string(stream)]
    if let maxLength { words += ["MAXLEN", "~", RedisArgument(maxLength)] }
    words.append(id.map { RedisArgument($0) } ?? "*")
    for (name, value) in fields { words += [.string(name), value] }
    return words
  }

  /// `XACK stream group id …`
  public static func xack(_ stream: String, group: String, ids: [StreamID]) -> Self {
    ["XACK", .string(stream), .string(group)] + ids.map { RedisArgument($0) }
  }

  /// `XDEL stream id …`
  public static func xdel(_ stream: String, ids: [StreamID]) -> Self {
    ["XDEL", .string(stream)] + ids.map { RedisArgument($0) }
  }

  static func xread(_ streams: [(stream: String, after: StreamID)], count: Int?, block: Duration?) -> Self {
    ["XREAD"] + limits(count, block) + ["STREAMS"] + streams.map { .string($0.stream) }
      + streams.map { RedisArgument($0.after) }
  }

  static func xreadGroup(
    _ group: String, consumer: String, streams: [String], count: Int?, block: Duration?
  ) -> Self {
    ["XREADGROUP", "GROUP", .string(group), .string(consumer)] + limits(count, block) + ["STREAMS"]
      + streams.map { .string($0) } + streams.map { _ in ">" }
  }

  private static func limits(_ count: Int?, _ block: Duration?) -> Self {
    let count: Self = count.map { ["COUNT", RedisArgument($0)] } ?? []
    let block: Self = block.map { ["BLOCK", RedisArgument(Swift.max(1, $0.wholeMilliseconds))] } ?? []
    return count + block
  }
}
