def run(*, once: bool) -> int:
    raise NotImplementedError
