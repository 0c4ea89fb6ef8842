"""How the built-in detector of airelay is made: data, student, teacher, training, export, score card."""

CLASSES = ("person", "bicycle", "car", "motorcycle", "bus", "truck")
PERSON, BICYCLE, CAR, MOTORCYCLE, BUS, TRUCK = range(6)
VEHICLES = (CAR, MOTORCYCLE, BUS, TRUCK)

# Classes whose instances are easily taken for one another; an uncertain box of one hides all of its group.
CONFUSABLE = (
    (PERSON,),
    (BICYCLE, MOTORCYCLE),
    (CAR, BUS, TRUCK),
    (BICYCLE, MOTORCYCLE),
    (CAR, BUS, TRUCK),
    (CAR, BUS, TRUCK),
)
