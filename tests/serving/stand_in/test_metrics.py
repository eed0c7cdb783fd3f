from serving.stand_in.metrics import BOUNDS, Counter, Histogram, Metrics


def test_a_counter_grows_for_each_combination_of_labels():
    counter = Counter("requests", "model", "status")
    counter.add(1, "a", "OK")
    counter.add(2, "a", "OK")
    counter.add(1, "b", "NOT_FOUND")
    assert list(counter.lines()) == [
        'requests{model="a",status="OK"} 3',
        'requests{model="b",status="NOT_FOUND"} 1',
    ]


def test_the_buckets_of_a_histogram_are_cumulative():
    histogram = Histogram("latency", "model")
    for micros in (5, BOUNDS[0], 20, 1e12):  # a bound belongs to its own bucket
        histogram.observe(micros, "a")
    lines = list(histogram.lines())
    assert lines[:3] == [
        'latency_bucket{model="a",le="10"} 2',
        'latency_bucket{model="a",le="18"} 2',
        'latency_bucket{model="a",le="32.4"} 3',
    ]
    assert lines[-3:] == [
        'latency_bucket{model="a",le="+Inf"} 4',
        'latency_sum{model="a"} 1000000000035',
        'latency_count{model="a"} 4',
    ]
    assert len(lines) == len(BOUNDS) + 3


def test_label_values_are_escaped():
    counter = Counter("loads", "path")
    counter.add(1, 'a "b" \\ c\nd')
    assert list(counter.lines()) == ['loads{path="a \\"b\\" \\\\ c\\nd"} 1']


def test_the_page_names_every_metric_once():
    page = Metrics().page()
    assert page.count("# TYPE ") == 5
    assert "# TYPE :tensorflow:serving:request_latency histogram\n" in page
