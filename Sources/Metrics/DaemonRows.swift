// The daemon's families that are single fields of its records, with their help.

extension DaemonMetrics {
  static let daemon: [MetricRow] = [
    .seconds("uptime", "uptime-ms", "Time since hopshiftd has started."),
    .counter("turns", "turns", "Wake-ups of the one thread."),
    .seconds(
      "longest_turn", "longest-turn-us", "The longest of them since the start.", as: .microseconds),
    .counter("self_pauses", "pauses", "How often the process stood still and noticed it."),
    .seconds("self_pause", "paused-ms", "How long it stood still, in all.", kind: .counter),
    .seconds("longest_self_pause", "longest-pause-ms", "The longest time it stood still."),
    .counter("shifts", "shifts", "Changes of a next hop that were decided."),
    .counter("vf_flaps", "vf-flaps", "Flaps of the virtual functions behind network interfaces."),
    .counter("malformed_datagrams", "malformed", "Datagrams of the kernel that were not valid."),
    .counter(
      "door_strangers", "strangers", "Connections to port 179 from who is no route server."),
  ]

  static let kernel = MetricRows(
    type: "kernel", labels: [.init(name: "class", field: "class")],
    rows: [
      .gauge(
        "netlink_current", "state", "Whether the view of this class of kernel news is complete.",
        as: .words(["current"])),
      .counter("netlink_overruns", "overruns", "Losses of kernel news that were noticed."),
      .counter("netlink_drops", "drops", "Datagrams that the kernel has dropped."),
      .counter("netlink_datagrams", "datagrams", "Datagrams that were read."),
      .counter("netlink_dumps", "dumps", "Complete listings that were read."),
      .counter("netlink_failed_dumps", "failed-dumps", "Listings that had to be repeated."),
    ])

  static let routeServers = MetricRows(
    type: "route-server", labels: [.init(name: "route_server", field: "address")],
    rows: [
      .gauge(
        "route_server_established", "state", "Whether the BGP session is established.",
        as: .words(["Established"])),
      .seconds("route_server_state_age", "since-ms", "Time since its state has changed."),
      .gauge("route_server_prefixes_announced", "prefixes-announced", "Prefixes announced to it."),
      .gauge("route_server_routes_received", "routes-received", "Routes it has sent."),
      .counter("route_server_updates_sent", "updates-sent", "UPDATEs that it was sent."),
      .counter("route_server_messages_sent", "messages-sent", "BGP messages that it was sent."),
      .counter(
        "route_server_messages_received", "messages-received", "BGP messages that came from it."),
      .counter(
        "route_server_connect_attempts", "connect-attempts", "Connections that were begun to it."),
      .bytes("route_server_sent", .counter, "bytes-sent", "Bytes that its sockets have taken."),
      .bytes(
        "route_server_queued", .gauge, "bytes-queued", "Bytes that its socket has not taken yet."),
      .bytes(
        "route_server_unacknowledged", .gauge, "unacknowledged",
        "Bytes that its TCP has not acknowledged."),
      .gauge(
        "route_server_volleys_queued", "volleys-queued",
        "Volleys that its socket has not taken yet."),
    ])

  static let targets = MetricRows(
    type: "target",
    labels: [.init(name: "host", field: "host"), .init(name: "target", field: "target")],
    rows: [
      .gauge("target_up", "state", "Whether this piece of evidence says up.", as: .words(["up"])),
      .counter("target_probes_sent", "sent", "Probes that were sent."),
      .counter("target_probes_answered", "answered", "Probes that were answered in time."),
      .counter("target_probes_lost", "lost", "Probes that were not answered."),
      .counter("target_probes_late", "late", "Answers that came too late to count."),
      .counter(
        "target_probes_voided", "voided", "Probes that did not count, since we were away."),
      .seconds(
        "target_round_trip_median", "rtt-median-us", "Half of the answers came within this.",
        as: .microseconds),
    ])

  static let speakers = MetricRows(
    type: "speaker", labels: [.init(name: "speaker", field: "address")],
    rows: [
      .gauge(
        "speaker_heard", "state", "Whether the other speaker is heard.", as: .words(["heard"])),
      .counter("speaker_hellos_received", "received", "Hellos that were let in."),
      .counter("speaker_hellos_refused", "refused", "Hellos that were refused."),
      .counter("speaker_hellos_sent", "sent", "Hellos that were sent to it."),
      .counter("speaker_hello_send_failures", "send-failures", "Hellos that could not be sent."),
    ])

  static let vips = MetricRows(
    type: "vip", labels: [.init(name: "vip", field: "name")],
    rows: [
      .gauge(
        "vip_active", "state", "Whether this machine carries the virtual IP, or says who does.",
        as: .words(["active", "watching"])),
      .gauge("vip_withdrawn", "state", "Whether nobody can carry it.", as: .words(["withdrawn"])),
      .gauge("vip_held", "held", "Whether its address is on this machine.", as: .truth),
      .counter("vip_shifts", "shifts", "Changes of its next hop that were decided."),
      .seconds(
        "last_failover_timestamp", "last-shift-unix-ms",
        "When its next hop was changed last, since 1970."),
      .seconds(
        "damping_window_remaining", "damping-ms",
        "How long a change that can wait has to wait for the platform's damping."),
    ])
}
