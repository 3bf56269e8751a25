// What answers on a VIP: one small program that says the name of its host, over UDP and over HTTP.

package import Model

/// A script for the Perl that every Debian has. It repeats a UDP question with its host's name
/// behind it, and answers any HTTP request with that name: who answers cannot be mistaken.
package enum Answerer {
  /// HTTP is answered at all addresses of the host, since the VIP may come later, or go.
  package static let webPort: UInt16 = 80

  /// The words that run it. UDP is answered from `address` only.
  static func words(script: String, host: String, address: IPv4Address) -> [String] {
    ["/usr/bin/perl", script, host, "\(address)", "\(VirtualNetwork.port)", "\(webPort)"]
  }

  /// Starts it on a host.
  package static func start(_ lab: Lab, on host: String, answering address: IPv4Address)
    throws(LabError) -> RunningProgram
  {
    let script = try lab.write("answer-on-vip.pl", script)
    return try lab.start(
      "\(host).answerer", words(script: script, host: host, address: address), on: host)
  }

  package static let script = """
    use strict;
    use warnings;
    use Socket;
    my ($name, $address, $port, $web) = @ARGV;
    socket(my $udp, PF_INET, SOCK_DGRAM, 0) or die "socket: $!";
    # IPPROTO_IP, IP_FREEBIND: the address may come later, or have gone.
    setsockopt($udp, 0, 15, 1) or die "setsockopt: $!";
    bind($udp, pack_sockaddr_in($port, inet_aton($address))) or die "bind: $!";
    socket(my $door, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
    setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!";
    bind($door, pack_sockaddr_in($web, INADDR_ANY)) or die "bind: $!";
    listen($door, 256) or die "listen: $!";
    $SIG{PIPE} = 'IGNORE';
    my $page = "$name\\n";
    my $head = "HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: "
      . length($page) . "\\r\\nConnection: close\\r\\n\\r\\n";
    # By descriptor: the connection, what was read of its request, and since when.
    my %open;
    while (1) {
      my $wanted = '';
      vec($wanted, $_, 1) = 1 for fileno($udp), fileno($door), keys %open;
      next if select(my $ready = $wanted, undef, undef, 1) < 0;
      if (vec($ready, fileno($udp), 1)) {
        my $from = recv($udp, my $question, 512, 0);
        send($udp, "$question $name", 0, $from) if defined $from && length $from;
      }
      for my $number (keys %open) {
        my $one = $open{$number};
        if (vec($ready, $number, 1)) {
          my $got = sysread($one->[0], $one->[1], 4096, length $one->[1]);
          if ($got && $one->[1] !~ /\\r?\\n\\r?\\n/ && length $one->[1] < 8192) { next }
          syswrite($one->[0], $head . $page) if $got;
          delete $open{$number};
        } elsif (time - $one->[2] > 5) {
          delete $open{$number};
        }
      }
      if (vec($ready, fileno($door), 1) && accept(my $new, $door)) {
        $open{fileno($new)} = [$new, '', time];
      }
    }

    """
}
