// Tests of Failover.
import Testing
