// Owns a libyaml parser and gives its events as values; no C pointer leaves this file.
import CYaml
import Model

/// One event of the parser.
struct Event {
  enum Kind {
    case streamStart
    case documentStart
    case documentEnd
    case streamEnd
    case scalar(String, isPlain: Bool)
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd
  }

  var kind: Kind
  var position: Position
}

/// The parser of one text. Freed with its owner, whatever happened in between.
@safe struct EventReader: ~Copyable {
  /// On the heap because the parser keeps a pointer to itself (its read handler's data).
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  /// The parser acts as if the last line were always ended and may point below it.
  private let end: Position

  /// The bytes, at least one, must stay where they are for as long as the reader lives, and `end`
  /// is the place behind them; nil when memory is short.
  @unsafe init?(_ bytes: UnsafeBufferPointer<UInt8>, end: Position) {
    guard let start = bytes.baseAddress else { preconditionFailure("no bytes to parse") }
    self.end = end
    unsafe parser = .allocate(capacity: 1)
    guard unsafe yaml_parser_initialize(parser) == 1 else {
      unsafe parser.deallocate()
      return nil
    }
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    unsafe yaml_parser_set_input_string(parser, start, bytes.count)
  }

  deinit {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
  }

  /// The next event. After an error or the end of the stream it must not be called again.
  mutating func next() throws(YAMLError) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { unsafe yaml_event_delete(&event) }
    let position = unsafe position(event.start_mark)
    let kind = try unsafe EventReader.kind(of: event, at: position)
    return Event(kind: kind, position: position)
  }
}

extension EventReader {
  private static func kind(
    of event: yaml_event_t, at position: Position
  ) throws(YAMLError) -> Event.Kind {
    switch unsafe event.type {
    case YAML_STREAM_START_EVENT: return .streamStart
    case YAML_STREAM_END_EVENT: return .streamEnd
    case YAML_DOCUMENT_START_EVENT:
      let tags = unsafe event.data.document_start.tag_directives
      if unsafe tags.start != tags.end { throw YAMLError(.directive, at: position) }
      return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_ALIAS_EVENT: throw YAMLError(.alias, at: position)
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      try unsafe refuse(anchor: scalar.anchor, tag: scalar.tag, at: position)
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return .scalar(
        unsafe String(decoding: bytes, as: UTF8.self),
        isPlain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE)
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe event.data.sequence_start
      try unsafe refuse(anchor: start.anchor, tag: start.tag, at: position)
      return .sequenceStart
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      let start = unsafe event.data.mapping_start
      try unsafe refuse(anchor: start.anchor, tag: start.tag, at: position)
      return .mappingStart
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    default: preconditionFailure("libyaml gave an event that yaml.h does not list")
    }
  }

  private static func refuse(
    anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?,
    at position: Position
  ) throws(YAMLError) {
    if unsafe anchor != nil { throw YAMLError(.anchor, at: position) }
    if unsafe tag != nil { throw YAMLError(.tag, at: position) }
  }

  /// libyaml counts from 0.
  private func position(_ mark: yaml_mark_t) -> Position {
    min(Position(line: Int(mark.line) + 1, column: Int(mark.column) + 1), end)
  }

  /// The parser's error, at the place where a person should look.
  private func failure() -> YAMLError {
    let place = unsafe position(parser.pointee.problem_mark)
    if unsafe parser.pointee.error == YAML_MEMORY_ERROR {
      return YAMLError(.outOfMemory, at: place)
    }
    let words = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "unknown error"
    let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) } ?? ""
    let start = unsafe position(parser.pointee.context_mark)
    switch (context, words) {
    case ("while scanning a quoted scalar", "found unexpected end of stream"):
      return YAMLError(.unclosedQuote, at: start)
    case ("while parsing a flow sequence", "did not find expected ',' or ']'"):
      return YAMLError(.unclosedList, at: start)
    case ("while parsing a flow mapping", "did not find expected ',' or '}'"):
      return YAMLError(.unclosedBraces, at: start)
    case ("while scanning a simple key", "could not find expected ':'"):
      return YAMLError(.syntax(words), at: start)
    default:
      return YAMLError(.syntax(words), at: place)
    }
  }
}
