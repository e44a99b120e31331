"""German: the sentences that say what went wrong and what to do. As translations_de.py; these end with a period."""

# ruff: noqa: E501 - one text, one line
# fmt: off
SENTENCES = {
    # The footage
    "No strip is chosen. Select a movie strip or an image sequence in the Video Sequencer.":
        "Kein Strip ist gewählt. Wähle im Video-Sequencer einen Film-Strip oder eine Bildfolge.",
    "“{name}” is a {kind} strip, which shows no video. Choose a movie strip, an image sequence or a meta strip that holds one.":
        "„{name}“ ist ein Strip der Art {kind} und zeigt kein Video. Wähle einen Film-Strip, eine Bildfolge oder einen Meta-Strip, der eines enthält.",
    "“{name}” is muted. Unmute the strip and its channel, or choose another strip.":
        "„{name}“ ist stumm geschaltet. Schalte den Strip und seinen Kanal ein, oder wähle einen anderen Strip.",
    "“{name}” shows no video between frames {first} and {last}. Choose another strip or another range.":
        "„{name}“ zeigt zwischen Bild {first} und {last} kein Video. Wähle einen anderen Strip oder einen anderen Bereich.",
    "{path} is not where the strip “{name}” says. Use File > External Data > Find Missing Files, or choose the file again in the strip's Source panel.":
        "{path} liegt nicht dort, wo der Strip „{name}“ es sagt. Nutze Datei > Externe Daten > Fehlende Dateien suchen, oder wähle die Datei im Bereich Quelle des Strips neu.",
    "There is no file at {path}. Check the path, or choose the video again.":
        "Unter {path} liegt keine Datei. Prüfe den Pfad, oder wähle das Video neu.",
    "No frame of {file} can be decoded: the file is empty, damaged or cut off. Copy it again from its source, or convert it to an H.264 .mp4.":
        "Kein Bild von {file} lässt sich lesen: Die Datei ist leer, beschädigt oder abgeschnitten. Kopiere sie noch einmal von der Quelle, oder wandle sie in eine .mp4 mit H.264 um.",
    "{file} is empty (0 bytes). Copy it again from its source.":
        "{file} ist leer (0 Byte). Kopiere die Datei noch einmal von der Quelle.",
    "{file} holds sound only. Choose a video of the performance.":
        "{file} enthält nur Ton. Wähle ein Video der Darstellung.",
    "{file} can't be read as a video: it is none, holds sound only, or is damaged or cut off. If it plays elsewhere, convert it to an H.264 .mp4.":
        "{file} lässt sich nicht als Video lesen: Es ist keines, enthält nur Ton oder ist beschädigt oder abgeschnitten. Wenn es anderswo spielt, wandle es in eine .mp4 mit H.264 um.",
    # Capturing
    "A capture is already running. Wait for it or cancel it first.":
        "Es wird schon erfasst. Warte, bis das fertig ist, oder brich es ab.",
    "Nothing was captured: the clip gave no frame in that range. Choose a longer range.":
        "Nichts wurde erfasst: In diesem Bereich gibt es kein Bild. Wähle einen längeren Bereich.",
    "The capture was ended from outside, perhaps because the memory was full. Close other programs and capture again, or choose a shorter range.":
        "Das Erfassen wurde von außen beendet, vielleicht weil der Speicher voll war. Schließe andere Programme und erfasse noch einmal, oder wähle einen kürzeren Bereich.",
    "No face was found in the footage, so there is nothing to key. Is a face in it, upright and lit?":
        "In der Aufnahme ist kein Gesicht zu finden, also gibt es keine Keys zu schreiben. Ist eines darin, aufrecht und beleuchtet?",
    "This performance has no frame, so there is nothing to keep. Capture a longer range.":
        "Diese Darstellung hat kein Bild, also gibt es nichts zu behalten. Erfasse einen längeren Bereich.",
    "{path} can't be written ({why}). Choose another file or folder.":
        "{path} lässt sich nicht schreiben ({why}). Wähle eine andere Datei oder einen anderen Ordner.",
    "{path} can't be written ({why}). Choose another folder or free some space.":
        "{path} lässt sich nicht schreiben ({why}). Wähle einen anderen Ordner, oder mache Platz.",
    # The head
    "No head is chosen. Choose the head under FIELDS > Head, or select it in the 3D View.":
        "Kein Kopf ist gewählt. Wähle ihn unter FIELDS > Kopf oder in der 3D-Ansicht.",
    "“{name}” was deleted from the scene. Undo that, or choose another head under FIELDS > Head.":
        "„{name}“ wurde aus der Szene gelöscht. Mache das rückgängig, oder wähle unter FIELDS > Kopf einen anderen.",
    "“{name}” is a metarig, from which Rigify makes the rig. Generate the rig (Properties > Data > Rigify), then choose that as the head.":
        "„{name}“ ist ein Metarig, aus dem Rigify das Rig macht. Erzeuge das Rig (Eigenschaften > Daten > Rigify) und wähle es als Kopf.",
    "“{name}” has no shape keys, and no face bones that FIELDS knows. Choose a head that has some, or add one with Add > Mesh > FIELDS Head.":
        "„{name}“ hat keine Shape Keys und keine Gesichtsknochen, die FIELDS kennt. Wähle einen Kopf, der welche hat, oder füge mit Hinzufügen > Mesh > FIELDS-Kopf einen hinzu.",
    "None of the shape keys of “{name}” has a name that FIELDS knows. Use Match by Shape under FIELDS > Mapping, say there what each follows, or choose another head.":
        "Keinen der Shape Keys von „{name}“ kennt FIELDS beim Namen. Nutze „Nach Form zuordnen“ unter FIELDS > Zuordnung, sage dort, was welchem folgt, oder wähle einen anderen Kopf.",
    "“{name}” is linked from another file, so it can't have takes. Make a library override of it first (Object > Library Override > Make).":
        "„{name}“ ist aus einer anderen Datei verknüpft und kann keine Takes haben. Mache zuerst eine Bibliotheks-Überschreibung daraus (Objekt > Bibliotheks-Überschreibung > Erzeugen).",
    # Keys
    "“{name}” has no captured track yet. Capture a strip first, or import a take.":
        "„{name}“ hat noch nichts Erfasstes. Erfasse zuerst einen Strip, oder importiere einen Take.",
    "No whole frame of the scene lies in the captured range. Choose a longer range.":
        "Kein ganzes Bild der Szene liegt im erfassten Bereich. Wähle einen längeren.",
    "The take has no frame in the range that is to be keyed. Choose another under Keys > Range.":
        "Der Take hat kein Bild in dem Bereich, der Keys bekommen soll. Wähle unter Keys > Bereich einen anderen.",
    "Every shape key of “{name}” is driven or locked, so none can be keyed. Remove the drivers (right click on a value > Delete Drivers) or unlock the curves, then try again.":
        "Jeder Shape Key von „{name}“ hat einen Treiber oder ist gesperrt, also kann keiner Keys bekommen. Entferne die Treiber (Rechtsklick auf einen Wert > Treiber löschen) oder entsperre die Kurven, und versuche es noch einmal.",
    "“{name}” is being tweaked in the NLA. Leave tweak mode (Tab there) and try again.":
        "„{name}“ wird gerade in der NLA bearbeitet. Verlasse die Bearbeitung (Tab dort) und versuche es noch einmal.",
    "The action “{name}” is linked from another file. Make it local (Outliner: right click > ID Data > Make Local), or unlink it, then try again.":
        "Die Action „{name}“ ist aus einer anderen Datei verknüpft. Mache sie lokal (Outliner: Rechtsklick > ID-Daten > Lokal machen) oder löse sie, und versuche es noch einmal.",
    "“{name}” has no keys to push. Bake keys first.":
        "„{name}“ hat keine Keys für die NLA. Schreibe zuerst Keys.",
    "The track's list of its strips is damaged ({why}). Capture again.":
        "Die Liste der Strips in diesem Take ist beschädigt ({why}). Erfasse noch einmal.",
    "This head is not keyed in layers, so there is nothing to bake down.":
        "Die Keys dieses Kopfes liegen nicht in Schichten, also gibt es nichts zusammenzurechnen.",
    "The NLA strip “{name}” was moved or retimed, so its keys would land on other frames. Put it back to where it was captured, or use Bake Keys.":
        "Der NLA-Strip „{name}“ wurde verschoben oder zeitlich geändert, seine Keys lägen also auf anderen Bildern. Setze ihn zurück, wo er aufgenommen wurde, oder nutze „Keys schreiben“.",
    "This head is keyed in layers, which are in the NLA already.":
        "Die Keys dieses Kopfes liegen in Schichten, und die sind schon in der NLA.",
    "No frame of this performance shows a face, so there is nothing to export.":
        "Kein Bild dieser Darstellung zeigt ein Gesicht, also gibt es nichts zu exportieren.",
    "No frame shows a face, so none can be taken for the face at rest. Capture again.":
        "Kein Bild zeigt ein Gesicht, also lässt sich keines als ruhendes nehmen. Erfasse noch einmal.",
}
