"""Posts written for the tests, with what a person reads in them: topics, `?` where it asks the city something, `!` where a rumor is to be checked.

What the rules say to every second one (by its place in the list) was not looked at while they were adjusted.
"""

from typing import NamedTuple


class Written(NamedTuple):
    """One post, and what a person reads in it."""

    language: str
    text: str
    topics: frozenset[str]
    question: bool
    rumor: bool


_POSTS = """
en | parking ? | Does anyone know if alternate side parking is suspended tomorrow?
en | parking | My car got towed off Spruce Street and there was no sign anywhere.
en | parking | Got a $76 ticket because the meter at 15th and Walnut was broken
en | parking ? | Is there a parking ban tonight or can I leave my car on the snow emergency route?
en | parking | Someone put a chair in my parking spot after I dug it out. Is savesies even legal
en | parking | Cars are parked across the bike lane on Pine again, nobody tickets them
en | parking ? | How do I pay a parking ticket if the site is down?
en | - | We had a great picnic in the park today
en | - | Stuck in the mall parking lot for an hour lol
en | - | Just bought tickets for the game on Sunday
en | - | I will be ticketed for being this cute
en | - | Park Avenue looks beautiful in the lights
en | - | Orchard Park looks great under the snow
en | street_cleaning | The street sweeper skipped our block for the third week, leaves everywhere
en | street_cleaning ? | When does street sweeping start on Tasker St?
en | street_cleaning | Broken glass all over the bike path at 22nd, someone please sweep it
en | street_cleaning | Street cleaning was here at 6 am and did a great job
en | street_cleaning | The storm drain is full of leaves and litter from the gutter
en | - | They swept the series, what a night
en | - | Chimney sweep jokes never get old
en | - | I swept my kitchen floor and it is already dirty again
en | trash ? | When will they pick up the trash? It was due on Tuesday
en | trash | Our recycling has not been collected for two weeks
en | trash | Trash collection is one day late this week because of the holiday
en | trash | Somebody dumped mattresses and tires in the alley behind Front Street
en | trash ? | Is garbage pickup cancelled tomorrow?
en | trash | Garbage bags piled up on the corner, rats everywhere
en | - | That movie was absolute trash
en | - | Talking trash before the game is half the fun
en | - | My fantasy team is garbage this year
en | - | Taking out the trash is my only workout
en | plowing ? | When will you plow Mercer Street? Nobody has been here since Sunday
en | plowing | Side streets are sheets of ice, no salt, no sand, nothing
en | plowing | Still waiting for a plow on our block, day three
en | plowing | The salt trucks came through at midnight, thank you
en | plowing | Unplowed road, the ambulance could not get up our hill
en | plowing | The plow buried the crosswalk and the bus stop at Broad and Olney
en | plowing ? | Any idea when the roads will be salted?
en | plowing ? | Who is supposed to clear the sidewalk in front of the school?
en | plowing | Sidewalks by the library are pure ice and nobody cleared them
en | - | It is snowing and I love it
en | - | Shoveled my driveway twice today, my back hurts
en | - | Dad finally plowed our driveway with his new truck
en | - | Snow day! Hot chocolate and movies
en | - | Can someone pass the salt, this soup is bland
en | - | So salty about that referee
en | - | Thundersnow over downtown, amazing
en | - | Twelve inches of snow and it is still coming down
en | power | Power is out on the whole block since 4 am
en | power ? | When will the electricity be back in Fishtown?
en | power | No power and no heat, two kids in the house
en | power | Wires are down and sparking at 5th and Main
en | power | We lost power again during dinner
en | power | Traffic light is dark at Broad and Erie, looks like an outage
en | - | Knowledge is power
en | - | Powered through the workout this morning
en | - | The power play was terrible tonight
en | - | This song has so much power
en | flooding | Kelly Drive is flooded near the boathouses, cars are stuck
en | flooding | There is water coming up through my basement drain
en | flooding ? | Is the creek going to flood tonight?
en | flooding | The storm drain is clogged and the whole corner is under water
en | flooding | Street is a river right now, water up to the doors
en | flooding | Flash flood warning until 9 pm, stay off the low roads
en | - | My inbox is flooded with spam
en | - | Floods of tears at the end of that film
en | - | Rain all day, perfect for a book
en | - | My timeline is flooded with baby pictures
en | trees | A huge tree fell across Wayne Ave and blocks both lanes
en | trees ? | Who removes a fallen tree from the sidewalk?
en | trees | A branch is hanging over the wires in front of my house
en | trees | Tree limb came down on a parked car on Locust
en | - | Decorating the Christmas tree tonight
en | - | Sitting under a tree with a good book
en | - | The branch office opens on Monday
en | - | Climbing trees with the kids
en | shelter ? | Where is the nearest warming center?
en | shelter | There is a man sleeping outside at the library in this cold, he needs a shelter
en | shelter ? | Are the shelters full? I have nowhere to go tonight
en | shelter | Warming centers open at 7 pm according to the rec center
en | shelter | Homeless people are freezing under the bridge, please send somebody
en | - | Adopted the sweetest dog from the animal shelter
en | - | Sheltered life, I know
en | - | Global warming is real
en | transit ? | Is the 23 bus running today?
en | transit | Waiting 50 minutes for the bus in this wind, none came
en | transit | The trolley is stuck behind a car on Baltimore Ave
en | transit | Subway is delayed again, packed platform
en | transit ? | Are trains running on the regional rail tomorrow morning?
en | - | Training for the marathon
en | - | Busy day at work
en | - | My train of thought is gone
en | - | The metro area got two inches
en | closures ? | Are schools closed tomorrow?
en | closures | The bridge on Falls Road is closed, take the long way
en | closures | Road closed at 30th because of a water main break
en | closures ? | Is the library open today or closed because of the storm?
en | closures | City offices are closed on Friday
en | closures | They lifted the travel ban at noon
en | - | Closed my laptop for the weekend
en | - | A close game, I could hardly watch
en | - | Starbucks is closed, my life is over
en | - | He is such a closed book
en | power ? ! | I heard the whole city will lose power tonight, is it true?
en | closures ! | Rumor has it that they are closing every bridge at 8 pm
en | flooding ? ! | People say the dam broke and the river is coming, can anyone confirm?
en | transit ? ! | Is it true that all buses stop at noon? Saw it on Facebook
en | shelter ? ! | Somebody told me the shelters turn away people without papers, is that true?
en | - | Heard a rumor that he is dating her
en | - | Is it true that cats always land on their feet?
en | - | Who wants to come over and watch movies?
en | - | How is everyone doing today?
en | - | What a beautiful sunset
en | - | Happy birthday to my best friend
es | plowing ? | ¿Cuándo van a limpiar la nieve de la calle 5?
es | plowing | No ha pasado el quitanieves por mi cuadra en tres días
es | plowing | Las calles están llenas de hielo y nadie ha echado sal
es | power | Se fue la luz en todo el barrio
es | power | Llevamos seis horas sin electricidad
es | power ? | ¿A qué hora vuelve la luz en Kensington?
es | trash | No han recogido la basura en dos semanas
es | trash ? | ¿Qué día pasa el camión de la basura?
es | flooding | La calle está inundada y el agua entra en las casas
es | flooding | Hay una inundación en el sótano de la escuela
es | closures ? | ¿Están cerradas las escuelas mañana?
es | closures | La carretera está cerrada por la tormenta
es | transit ? | ¿Hay autobuses hoy?
es | transit | El tren lleva una hora de retraso
es | trees | Un árbol caído bloquea la avenida
es | parking ? | ¿Dónde puedo estacionar durante la tormenta?
es | parking | La grúa se llevó mi carro sin avisar
es | shelter ? | ¿Dónde hay un refugio para pasar la noche?
es | street_cleaning | La barredora no ha pasado y la calle está sucia
es | power ? ! | Dicen que van a cortar la luz en toda la ciudad, ¿es cierto?
es | - | Qué bonita la nieve esta mañana
es | - | La luz de la luna está preciosa
es | - | Feliz cumpleaños a mi hermana
es | - | Esa película es una basura
es | - | Me gusta sal y limón en la fruta
zh | power | 我们这里停电了，已经六个小时
zh | trash ? | 什么时候收垃圾？
zh | - | 今天的雪真漂亮
zh | plowing ? | 请问什么时候铲雪？
vi | power | Khu phố của tôi bị mất điện từ sáng
vi | flooding | Đường ngập nước, xe không đi được
vi | - | Hôm nay trời đẹp quá
fr | power | Panne de courant dans tout le quartier depuis ce matin
fr | trash ? | Quand est-ce que les ordures sont ramassées ?
fr | - | Quelle belle neige ce matin
pt | power | Estamos sem luz desde ontem à noite
pt | flooding | A rua está alagada e a água entrou em casa
pt | - | Que dia lindo hoje
ht | power | Pa gen kouran nan katye a depi maten
ht | trash | Yo pa ranmase fatra a depi de semèn
ht | - | Mwen renmen lanèj la
"""


def _written(line: str) -> Written:
    language, told, text = (part.strip() for part in line.split("|", 2))
    words = told.split()
    topics = frozenset(word for word in words[0].split(",") if word != "-")
    return Written(language, text, topics, "?" in words, "!" in words)


WRITTEN = tuple(map(_written, _POSTS.strip().splitlines()))
