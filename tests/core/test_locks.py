import threading

from graspbook.core.locks import held, scratch, try_lock


def test_a_folder_is_held_by_one_at_a_time(tmp_path):
    order = []

    def second():
        with held(tmp_path / "a"):
            order.append("second")

    with held(tmp_path / "a"):
        with try_lock(tmp_path / "a") as free:
            assert not free
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]
    with try_lock(tmp_path / "a") as free:
        assert free
    with try_lock(tmp_path / "none") as free:
        assert not free


def test_a_scratch_folder_goes_with_the_last_who_shares_it(tmp_path):
    with scratch(tmp_path / "a") as one:
        (one / "kept").touch()
        with scratch(tmp_path / "a") as other:
            assert (other / "kept").exists()
        assert (one / "kept").exists()
    assert not (tmp_path / "a").exists()


def test_a_scratch_folder_stays_after_an_error(tmp_path):
    try:
        with scratch(tmp_path / "a") as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    with scratch(tmp_path / "a") as folder:
        assert (folder / "half").exists()


def test_who_waited_for_a_folder_that_was_removed_holds_a_new_one(tmp_path):
    seen = []

    def second():
        with held(tmp_path / "a"):
            seen.append((tmp_path / "a").is_dir())

    with scratch(tmp_path / "a"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
    waiting.join(10)
    assert seen == [True]
