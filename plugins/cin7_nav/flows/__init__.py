"""One package per flow: the steps collect, translate, deliver, settle."""
