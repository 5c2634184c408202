module coil/perf/peers/go

go 1.19
