// Tests of Simulation.
import Testing
