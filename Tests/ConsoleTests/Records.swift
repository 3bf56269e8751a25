// A recorded answer to `status`, and how tests turn lines into records.
import Control
import Testing

/// Lines of JSON as records.
func records(_ lines: String) throws -> [Record] {
  try lines.split(separator: "\n").map { try Record(line: Array($0.utf8).span) }
}

enum Recorded {
  static let daemon = """
    {"v":1,"id":"ask","type":"daemon","version":"0.1.0","pid":4242,"uptime-ms":11520000,\
    "turn-age-ms":4,"capabilities":"none","config":"/etc/hopshift/hopshift.yaml",\
    "kernel":"current","kernel-age-ms":61000,"overruns":0,"foreign":0,"malformed":0,"links":3,\
    "receive-buffer":8388608,"shifts":2,"longest-turn-us":1500,"longest-recent-turn-us":83,\
    "vf-flaps":4,"pauses":3,"longest-pause-ms":5000,"last-pause-age-ms":62000}
    """

  static let staleDaemon =
    daemon
    .replacing("\"current\"", with: "\"stale\"")

  static let classes = """
    {"v":1,"id":"ask","type":"kernel","class":"interfaces","state":"current","age-ms":61000,\
    "needed-by":["plan","monitor"],"datagrams":12,"dumps":1,"failed-dumps":0,"overruns":0,\
    "drops":0,"foreign":0,"receive-buffer":8388608}
    {"v":1,"id":"ask","type":"kernel","class":"routes","state":"stale","age-ms":null,\
    "needed-by":["monitor"],"datagrams":400000,"dumps":0,"failed-dumps":3,"overruns":7,\
    "drops":90210,"foreign":1,"receive-buffer":8388608}
    """

  static let servers = """
    {"v":1,"id":"ask","type":"route-server","address":"10.10.1.4","asn":65515,\
    "state":"Established","since-ms":3600000,"heard-ms":2300,"hold-ms":30000,"keepalive-ms":10000,\
    "identifier":"10.10.1.4","four-octet-as":true,"extended-messages":true,"route-refresh":true,\
    "peer-restart-s":120,"opened-by":"peer","prefixes-announced":13,"routes-received":41,\
    "routes-not-kept":0,"updates-sent":3,"bytes-queued":0,"volleys-queued":0,"unacknowledged":0,\
    "messages-sent":367,"messages-received":402,"keepalives-received":359,\
    "refreshes-received":2,"updates-accepted":40,"ends-of-rib":1,"updates-ignored":0,\
    "attribute-discards":3,"treated-as-withdraw":2,"session-resets":1,"connect-attempts":4,\
    "last-error":null,"shutdown-communication":null}
    {"v":1,"id":"ask","type":"route-server","address":"10.10.1.5","asn":65515,\
    "state":"Connect","since-ms":1500,"hold-ms":null,"keepalive-ms":null,"identifier":null,\
    "four-octet-as":false,"extended-messages":false,"prefixes-announced":0,\
    "routes-received":0,"routes-not-kept":0,"updates-sent":0,"bytes-queued":512,\
    "volleys-queued":1,"unacknowledged":9,"last-error":"\\u001b[31mred",\
    "shutdown-communication":"back \\u001b[31m soon"}
    """

  static let targets = """
    {"v":1,"id":"ask","type":"target","host":"ws1","target":"arp 10.10.0.4","state":"up",\
    "reason":"answered","since-ms":95000,"answer-age-ms":12,"sent":61000,"lost":3,\
    "rtt-median-us":210}
    {"v":1,"id":"ask","type":"target","host":"ws2","target":"link eth1","state":"unknown",\
    "reason":null,"since-ms":null}
    {"v":1,"id":"ask","type":"target","host":"ws2","target":"http 10.10.0.5","state":"down",\
    "reason":"no answer in time","since-ms":4000,"answer-age-ms":4100,"sent":90,"lost":12,\
    "rtt-median-us":null}
    """

  static let group = """
    {"v":1,"id":"ask","type":"group","address":"10.10.0.7","port":50179,"interval-ms":100,\
    "timeout-ms":500,"strangers":3,"receive-failures":0,"drops":0}
    {"v":1,"id":"ask","type":"speaker","address":"10.10.0.8","state":"heard","heard-ms":40,\
    "received":61000,"run":"1790000000000000000","pauses":2,"refused":7,"other-key":0,\
    "other-version":0,"malformed":0,"other-sender":0,"replayed":7,"earlier-run":0,"sent":61002,\
    "send-failures":0,"last-error":null}
    {"v":1,"id":"ask","type":"speaker","address":"10.10.0.9","state":"silent","heard-ms":null,\
    "received":0,"run":null,"pauses":null,"refused":12,"other-key":12,"other-version":0,\
    "malformed":0,"other-sender":0,"replayed":0,"earlier-run":0,"sent":0,"send-failures":61002,\
    "last-error":"EPERM (Not permitted)"}
    """

  static let vips = """
    {"v":1,"id":"ask","type":"vip","name":"web","state":"active","rung":"takeover-2",\
    "held":true,"interface":"eth0","since-ms":95000,"next-hop":"10.10.0.7","prefixes":1,\
    "first-prefix":"10.1.0.5/32","claims":2}
    {"v":1,"id":"ask","type":"vip","name":"trust","state":"unknown","rung":"standby",\
    "held":false,"interface":null,"since-ms":200000000,"next-hop":null,"prefixes":12,\
    "first-prefix":"10.64.0.0/24","claims":0}
    """

  static let end = #"{"v":1,"id":"ask","type":"end","code":0,"message":"ok"}"#

  static var status: String { [daemon, servers, vips, end].joined(separator: "\n") }
}
